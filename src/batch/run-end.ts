import { BatchError } from './batch-error.ts';

/** How a run ends early: once stopped, in-flight items finish; once failed, they are abandoned. */
export class RunEnd {
  readonly #abort = new AbortController();
  #stopped: { readonly error: unknown } | undefined;
  #failed: { readonly error: unknown } | undefined;

  /** Aborted once the in-flight items are no longer needed. */
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

  /** `cause` is undefined if the caller requested the stop. Only the first call takes effect. */
  stop(cause: unknown): void {
    this.#stopped ??= { error: stopped(cause) };
  }

  /** The source of the items failed. The error is reported after the in-flight items have finished. */
  cut(error: unknown): void {
    this.#stopped ??= { error };
  }

  fail(error: unknown): void {
    this.#failed ??= { error };
    this.#abort.abort(error);
  }

  /** The reader is done, or has stopped reading early. */
  leave(): void {
    this.fail(new BatchError('batch_stopped', 'The consumer stopped reading results before the run completed.'));
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
  const message = 'The run was stopped before it completed; items in flight were allowed to finish.';
  return new BatchError('batch_stopped', message, cause === undefined ? undefined : { cause });
}
