/**
 * Many calls as one run: in order, at the pace of the lanes, and resumable from a journal.
 *
 * @module
 */
export { batch } from './batch/batch.ts';
export type { BatchRun } from './batch/batch.ts';
export type { BatchOptions, BatchWorker, ItemContext, JournalOptions } from './batch/options.ts';
export type { BatchResult, ItemUsage } from './batch/result.ts';
export type { BatchEstimate, BatchSnapshot } from './batch/progress.ts';
export { BatchError } from './batch/batch-error.ts';
export type { BatchErrorCode } from './batch/batch-error.ts';
