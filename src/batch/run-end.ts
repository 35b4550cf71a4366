import { BatchError } from './batch-error.ts';

/** Whether a run goes on: stopped, it finishes what is in flight; failed, it leaves that. */
export class RunEnd {
  readonly #abort = new AbortController();
  #stopped: { readonly error: unknown } | undefined;
  #failed: { readonly error: unknown } | undefined;

  /** Aborted where nobody wants what is in flight. */
  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  get stopped(): boolean {
    return this.#stopped !== undefined;
  }

  get failed(): boolean {
    return this.#failed !== undefined;
  }

  get over(): boolean {
    return this.stopped || this.failed;
  }

  /** Without a cause where the caller asked for it. The first one counts. */
  stop(cause: unknown): void {
    this.#stopped ??= { error: stopped(cause) };
  }

  /** There is no further item, because of an error: it is told when what is in flight has been. */
  cut(error: unknown): void {
    this.#stopped ??= { error };
  }

  fail(error: unknown): void {
    this.#failed ??= { error };
    this.#abort.abort(error);
  }

  /** The results are read no further, because they are all there or were left. */
  leave(): void {
    this.fail(new BatchError('batch_stopped', 'The results of the run were left.'));
  }

  throwIfFailed(): void {
    if (this.#failed) throw this.#failed.error;
  }

  throwIfStopped(): void {
    if (this.#stopped) throw this.#stopped.error;
  }
}

function stopped(cause: unknown): BatchError {
  if (cause instanceof BatchError) return cause;
  const message = 'The run was stopped before its end; what was in flight has been finished.';
  return new BatchError('batch_stopped', message, cause === undefined ? undefined : { cause });
}
