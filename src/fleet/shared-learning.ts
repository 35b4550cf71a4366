import type { DividedLane } from '../pacing/limits/limit-divider.ts';
import { readLearned, writeLearned } from '../pacing/usage/learned-text.ts';

/** Token usage changes slowly, and only new processes ask for it. */
const TELL_EVERY_MS = 10_000;

/** Token usage learned by one process, for those that start later. */
export class SharedLearning {
  #toldCalls = 0;
  #toldAt = -Infinity;

  /** The text to report; undefined if the store already knows about as much. */
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
    // Usage reported by another process is no news.
    this.#toldCalls = lane.learned().calls;
  }
}
