import { BatchError } from './batch-error.ts';

/** Whether a run goes on: stopped, it finishes what is in flight; failed, it leaves that. */
export class RunEnd {
  readonly #abort = new AbortController();
  #stopped: { readonly cause: unknown } | undefined;
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
    this.#stopped ??= { cause };
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
    if (!this.#stopped) return;
    const { cause } = this.#stopped;
    if (cause instanceof BatchError) throw cause;
    const message = 'The run was stopped before its end; what was in flight has been finished.';
    throw new BatchError('batch_stopped', message, cause === undefined ? undefined : { cause });
  }
}
