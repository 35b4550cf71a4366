/**
 * Why a run did not complete.
 *
 * - `batch_stopped`: `stop()` was called, too many items failed, or the results were not read to the end.
 * - `batch_budget`: the next item could exceed `maxCost`, or its `worstCost` is unknown.
 * - `journal_locked`: another run holds the journal.
 * - `journal_changed`: the journal was started with other `parameters`.
 * - `journal_invalid`: the file is not a journal, or is one of a newer version.
 * - `journal_failed`: the journal could not be read or written, or was removed or replaced during the run.
 */
export type BatchErrorCode =
  | 'batch_stopped'
  | 'batch_budget'
  | 'journal_locked'
  | 'journal_changed'
  | 'journal_invalid'
  | 'journal_failed';

/**
 * Thrown when a run ends for a reason other than an abort or an error of the items. `isTidegateError` recognizes it.
 */
export class BatchError extends Error {
  override readonly name = 'BatchError';
  readonly code: BatchErrorCode;

  constructor(code: BatchErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    Object.defineProperty(this, Symbol.for('tidegate.error'), { value: true });
  }
}
