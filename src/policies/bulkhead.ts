import { bulkhead, BulkheadRejectedError } from 'cockatiel';

/** Hard cap on what a lane has in flight. Never queues: the lane's own queue decides who waits. */
export interface Slots {
  /**
   * Takes a slot until `until` settles; `onFreed` is then called, once, when it can be taken again.
   * @throws cockatiel's BulkheadRejectedError, and holds nothing, when no slot is free.
   */
  hold(until: Promise<void>, onFreed: () => void): void;
  readonly active: number;
}

/** `maxConcurrent` is a whole number from 1. */
export function createSlots(maxConcurrent: number): Slots {
  // No queue: cockatiel's lets a newcomer overtake, then rejects the one that it displaced.
  const policy = bulkhead(maxConcurrent, 0);
  return {
    hold(until, onFreed) {
      if (policy.executionSlots === 0) throw new BulkheadRejectedError(maxConcurrent, 0);
      // cockatiel has freed the slot by the time that it settles.
      policy.execute(() => until).then(onFreed, onFreed);
    },
    get active() {
      return maxConcurrent - policy.executionSlots;
    },
  };
}
