import { originOf } from '../../core/origin.ts';
import type { ResolvedOptions } from '../../options.ts';

/** Consecutive answers without a final event after which a server is assumed to send none. */
const LEARNED_AFTER = 3;
/** Maximum number of servers that are tracked. */
const MAX_SERVERS = 1_000;

interface Habit {
  /** Streams with content that ended in good order without a final event. */
  without: number;
  sendsThem: boolean;
}

/**
 * Learns which servers end streams with a final event. Some compatible servers never send it: its absence there
 * does not mean that a stream was cut off.
 */
export class FinalEvents {
  readonly #mode: ResolvedOptions['finalEvent'];
  readonly #warn: (message: string) => void;
  readonly #habits = new Map<string, Habit>();

  constructor(mode: ResolvedOptions['finalEvent'], warn: (message: string) => void) {
    this.#mode = mode;
    this.#warn = warn;
  }

  came(baseURL: string): void {
    if (this.#mode === 'learn') this.#habit(baseURL).sendsThem = true;
  }

  /**
   * A stream ended cleanly without its final event. Returns whether something is missing: `own` servers are those of the
   * providers, which send it; only streams with content reveal what a server does.
   */
  isMissing(baseURL: string, stream: { readonly own: boolean; readonly content: boolean }): boolean {
    if (this.#mode !== 'learn' || stream.own) return this.#mode !== 'optional';
    const habit = this.#habit(baseURL);
    if (habit.sendsThem) return true;
    if (stream.content) habit.without++;
    if (habit.without === LEARNED_AFTER && stream.content) {
      this.#warn(
        `The streams of ${originOf(baseURL) ?? 'a server'} end without a final event: from now on they count as complete. Set body.finalEvent to choose.`,
      );
    }
    return habit.without < LEARNED_AFTER;
  }

  #habit(baseURL: string): Habit {
    let habit = this.#habits.get(baseURL);
    if (!habit) {
      habit = { without: 0, sendsThem: false };
      if (this.#habits.size < MAX_SERVERS) this.#habits.set(baseURL, habit);
    }
    return habit;
  }
}
