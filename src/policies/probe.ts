import type { Clock } from '../core/clock.ts';
import type { Passage } from '../core/lane.ts';

/** An attempt that an open circuit lets through, to learn whether the provider is back. */
export class Probe implements Passage {
  #resolve!: () => void;
  #reject!: (error: unknown) => void;
  readonly #counted: Promise<void>;

  /** `count` begins with the probe, and ends when what follows from its answer for the circuit has followed. */
  constructor(count: (answer: Promise<void>) => Promise<void>) {
    const answer = new Promise<void>((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.#counted = count(answer);
  }

  succeeded(): Promise<void> {
    this.#resolve();
    return this.#counted;
  }

  failed(error: unknown): Promise<void> {
    this.#reject(error);
    return this.#counted;
  }
}

/** A probe has not been answered for so long that the next one is let through beside it. */
export class ProbeUnanswered extends Error {}

/** Waits for the answer to a probe, and no longer than so long. */
export async function answerWithin(answer: Promise<void>, ms: number, clock: Clock): Promise<void> {
  let stopWaiting!: () => void;
  const unanswered = new Promise<never>((_resolve, reject) => {
    stopWaiting = clock.after(ms, () => reject(new ProbeUnanswered()), { unref: true });
  });
  try {
    await Promise.race([answer, unanswered]);
  } finally {
    stopWaiting();
  }
}
