import type { Clock } from '../core/clock.ts';
import type { Passage } from '../core/lane.ts';

/** An attempt that an open circuit lets through to find out whether the provider has recovered. */
export class Probe implements Passage {
  #resolve!: () => void;
  #reject!: (error: unknown) => void;
  readonly #counted: Promise<void>;

  /** `count` runs from the start of the probe until the circuit has processed its result. */
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

  /** A probe has no attempts beside it that the circuit knows of. */
  crowded(error: unknown): Promise<void> {
    return this.failed(error);
  }

  failed(error: unknown): Promise<void> {
    this.#reject(error);
    return this.#counted;
  }
}

/** A probe has been unanswered for so long that another one is let through. */
export class ProbeUnanswered extends Error {}

/** Waits for a probe's answer, up to a time limit. */
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
