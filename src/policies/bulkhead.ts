import { bulkhead, BulkheadRejectedError } from 'cockatiel';

/** Hard cap on what a lane has in flight. Never queues: the lane's own queue decides who waits. */
export interface Slots {
  /** Takes a slot. @throws cockatiel's BulkheadRejectedError, and takes nothing, when none is free. */
  take(): void;
  /** Gives back one that was taken. */
  free(): void;
  readonly active: number;
}

/** `maxConcurrent` is a whole number from 1. */
export function createSlots(maxConcurrent: number): Slots {
  // No queue: cockatiel's lets a newcomer overtake, then rejects the one that it displaced.
  const policy = bulkhead(maxConcurrent, 0);
  // A slot that is given back is kept for who comes next: cockatiel takes three promises to let one go and take it again.
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
