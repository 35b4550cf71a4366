import { bulkhead } from 'cockatiel';

/** Hard cap on what a lane has in flight. Never queues: the lane's own queue decides who waits. */
export interface Slots {
  /**
   * Takes a slot and calls `start` at once. Settles as soon as `start` does, while the slot is held until
   * `ended` settles; `onFreed` is then called, once, when the slot can be taken again.
   * @throws cockatiel's BulkheadRejectedError, without calling `start`, when no slot is free.
   */
  run<T>(start: () => Promise<{ value: T; ended: Promise<void> }>, onFreed: () => void): Promise<T>;
  readonly active: number;
}

/** `maxConcurrent` is a whole number from 1. */
export function createSlots(maxConcurrent: number): Slots {
  // No queue: cockatiel's lets a newcomer overtake, then rejects the one that it displaced.
  const policy = bulkhead(maxConcurrent, 0);
  return {
    run(start, onFreed) {
      return new Promise((resolve, reject) => {
        // While the slot is held nothing here may keep the value alive: it is how an unread response is noticed.
        let settle: { resolve: typeof resolve; reject: typeof reject } | undefined = { resolve, reject };
        const held = policy.execute(() =>
          start().then(({ value, ended }) => {
            settle?.resolve(value);
            settle = undefined;
            return ended;
          }),
        );
        // cockatiel has freed the slot by now. A failure after the head is the body's to report.
        held.then(onFreed, (error: unknown) => {
          settle?.reject(error);
          onFreed();
        });
      });
    },
    get active() {
      return maxConcurrent - policy.executionSlots;
    },
  };
}
