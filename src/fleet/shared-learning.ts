import type { DividedLane } from '../pacing/limits/division.ts';
import { readLearned, writeLearned } from '../pacing/usage/learned-text.ts';

/** What calls were found to take changes slowly, and only who comes later asks. */
const TELL_EVERY_MS = 10_000;

/** What one process finds calls to take, for those who come later. */
export class SharedLearning {
  #toldCalls = 0;
  #toldAt = -Infinity;

  /** What to tell the store; undefined where it knows about as much. */
  report(lane: DividedLane, now: number): string | undefined {
    const learned = lane.learned();
    if (learned.calls === this.#toldCalls || now - this.#toldAt < TELL_EVERY_MS) return undefined;
    this.#toldCalls = learned.calls;
    this.#toldAt = now;
    return writeLearned(learned);
  }

  granted(lane: DividedLane, text: string | undefined): void {
    const learned = text === undefined ? undefined : readLearned(text);
    if (!learned) return;
    lane.adopt(learned);
    // What was told by another is no news.
    this.#toldCalls = lane.learned().calls;
  }
}
