import { bulkhead, BulkheadRejectedError } from 'cockatiel';

/** Hard cap on a lane's attempts in flight. Never queues: that is up to the lane's own queue. */
export interface Slots {
  /** Takes a slot. @throws cockatiel's BulkheadRejectedError if none is free */
  take(): void;
  /** Returns a slot. */
  free(): void;
  readonly active: number;
}

/** `maxConcurrent` is a whole number from 1. */
export function createSlots(maxConcurrent: number): Slots {
  // No queue: cockatiel's lets a newcomer overtake, then rejects the one that it displaced.
  const policy = bulkhead(maxConcurrent, 0);
  // A returned slot is kept for the next caller: cockatiel needs three promises to release and take one.
  let spare = 0;
  return {
    take() {
      if (spare > 0) {
        spare--;
        return;
      }
      if (policy.executionSlots === 0) throw new BulkheadRejectedError(maxConcurrent, 0);
      void policy.execute(forAsLongAsTheLaneLives);
    },
    free() {
      spare++;
    },
    get active() {
      return maxConcurrent - policy.executionSlots - spare;
    },
  };
}

function forAsLongAsTheLaneLives(): Promise<void> {
  return new Promise(() => undefined);
}
