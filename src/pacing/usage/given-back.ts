import type { Amounts } from './reservation.ts';

/** Limits are per minute: what was given back before that is of no account. */
const WINDOW_MS = 60_000;
/** Part of what is missing that our giving back must explain. */
const EXPLAINS = 0.5;
const MIN_SHARE = 0.1;
/** A rule may change, and others may have been the cause: it is tried again, little by little. */
const REGAINED_A_MINUTE = 0.02;

/**
 * How much a provider gives back of the output that `max_tokens` has reserved and that was not generated, where neither
 * its rule nor its headers tell. All of it, until refusals show that it did not.
 */
export class GivenBack {
  #share = 1;
  #recent = 0;
  #at = 0;

  /** What an answered call is charged, of which `reserved` was taken on arrival. */
  charged(reserved: Readonly<Amounts>, amounts: Amounts, now: number): Amounts {
    const back = reserved.tokens - amounts.tokens;
    if (back <= 0) return amounts;
    this.#pass(now);
    this.#recent += back * this.#share;
    return this.#share === 1 ? amounts : { ...amounts, tokens: amounts.tokens + back * (1 - this.#share) };
  }

  /** A limit of tokens refused a call though `missing` more should have been left. */
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
