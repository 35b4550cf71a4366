import type { Amounts } from './reservation.ts';

/** Limits are per minute, so older returns no longer matter. */
const WINDOW_MS = 60_000;
/** Fraction of the missing amount that our returns must explain. */
const EXPLAINS = 0.5;
const MIN_SHARE = 0.1;
/** The provider's rule may change, or other users may have been the cause, so the share recovers slowly. */
const REGAINED_A_MINUTE = 0.02;

/**
 * How much of the output that `max_tokens` reserved but that was not generated the provider returns, if neither its
 * rules nor its headers say. All of it is assumed until refusals show otherwise.
 */
export class GivenBack {
  #share = 1;
  #recent = 0;
  #at = 0;

  /** The charge for an answered call that took `reserved` on arrival. */
  charged(reserved: Readonly<Amounts>, amounts: Amounts, now: number): Amounts {
    const back = reserved.tokens - amounts.tokens;
    if (back <= 0) return amounts;
    this.#pass(now);
    this.#recent += back * this.#share;
    return this.#share === 1 ? amounts : { ...amounts, tokens: amounts.tokens + back * (1 - this.#share) };
  }

  /** A token limit refused a call although `missing` more should have been left. */
  refused(missing: number, now: number): void {
    this.#pass(now);
    if (missing <= 0 || this.#recent < EXPLAINS * missing) return;
    this.#share = this.#share / 2 < MIN_SHARE ? 0 : this.#share / 2;
    this.#recent = 0;
  }

  #pass(now: number): void {
    const minutes = Math.max(0, now - this.#at) / WINDOW_MS;
    this.#at = now;
    this.#recent *= Math.exp(-minutes);
    if (this.#share < 1) this.#share = Math.min(1, this.#share + REGAINED_A_MINUTE * minutes);
  }
}
