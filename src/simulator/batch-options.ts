import type { BatchSettings } from './apis/timed-batch.ts';
import { checkKeys, numberFrom } from './validate.ts';

export interface BatchOptions {
  readonly seconds?: number;
  readonly expired?: number;
  readonly enqueuedTokens?: number;
}

/** @throws SimulatorError */
export function resolveBatches(batches: BatchOptions): BatchSettings {
  checkKeys(batches, 'batches', ['seconds', 'expired', 'enqueuedTokens']);
  return {
    seconds: numberFrom(batches.seconds, 'batches.seconds', 0, 86_400, 0),
    expired: numberFrom(batches.expired, 'batches.expired', 0, 1, 0),
    enqueuedTokens: numberFrom(batches.enqueuedTokens, 'batches.enqueuedTokens', 0, Infinity, Infinity),
  };
}
