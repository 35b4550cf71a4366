/**
 * Many calls as one run: in order, at the pace of the lanes, and resumable from a journal.
 *
 * @module
 */
export { batch } from './batch/batch.ts';
export type { BatchRun } from './batch/batch.ts';
export type { BatchOptions, BatchWorker, ItemContext, JournalOptions } from './batch/options.ts';
export type { BatchResult, ItemUsage } from './batch/result.ts';
export type { BatchCost, BatchSnapshot } from './batch/progress.ts';
export type { BatchEstimate } from './batch/time-left.ts';
export { worstCost, type CostedRequest } from './cost/worst-cost.ts';
export { BatchError } from './batch/batch-error.ts';
export type { BatchErrorCode } from './batch/batch-error.ts';
