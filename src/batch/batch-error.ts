/**
 * Why a run did not reach its end: `stopped` by `stop()` or by failures, its `budget` spent, `locked` by another run, `changed` parameters,
 * a file that is no `journal` of ours (`invalid`), or one that the disk, or somebody who removed it, keeps from being written (`failed`).
 */
export type BatchErrorCode =
  | 'batch_stopped'
  | 'batch_budget'
  | 'journal_locked'
  | 'journal_changed'
  | 'journal_invalid'
  | 'journal_failed';

/** What ends a run beside its items' own errors and an abort. `isTidegateError` knows it. */
export class BatchError extends Error {
  override readonly name = 'BatchError';
  readonly code: BatchErrorCode;

  constructor(code: BatchErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    Object.defineProperty(this, Symbol.for('tidegate.error'), { value: true });
  }
}
