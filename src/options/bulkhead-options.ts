import { integer, orEmpty, section, type Keys } from './checks.ts';

export interface BulkheadOptions {
  /** Maximum calls in flight in a lane; a slot is held until the response body ends. 1 … 1 000 000, default 500. */
  readonly maxConcurrent?: number;
  /** Maximum calls queued in a lane; further calls fail immediately. 0 … 10 000 000, default 100 000. */
  readonly maxQueued?: number;
}

export interface ResolvedBulkhead {
  readonly maxConcurrent: number;
  readonly maxQueued: number;
}

const BULKHEAD_KEYS: Keys<BulkheadOptions> = { maxConcurrent: true, maxQueued: true };

export function resolveBulkhead(given: BulkheadOptions | undefined): ResolvedBulkhead {
  const { maxConcurrent, maxQueued } = section(orEmpty(given), 'bulkhead', BULKHEAD_KEYS);
  return {
    maxConcurrent: integer(maxConcurrent, 'bulkhead.maxConcurrent', 1, 1_000_000, 500),
    maxQueued: integer(maxQueued, 'bulkhead.maxQueued', 0, 10_000_000, 100_000),
  };
}
