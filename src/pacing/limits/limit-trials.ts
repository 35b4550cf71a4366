/** Time without a call or news of the limit before a call is tried, and the factor by which each refused trial lengthens it. */
const FIRST_MS = 1_000;
const REPORTED_MS = 15_000;
const LONGER = 8;
const MAX_REFUSED = 6;
/** Once reported levels have confirmed the stated rate, a trial is hardly worth its refusal. */
const CONFIRMED_MS = 120_000;
/** Fraction of the refill by which reported levels may differ from the expected ones and still confirm the rate. */
const SAME = 0.25;
/** Refill to compare, as a multiple of the error of one level. */
const ENOUGH = 4;

/**
 * Calls that are tried although too little seems to be left: what a limit refills per minute is only what it states,
 * and a number that belongs to a second would hold calls back a minute each. One that gets through overturns that.
 */
export class LimitTrials {
  #isOut = false;
  #triedAt = -Infinity;
  #refused = 0;
  #isConfirmed = false;
  #off = 0;
  #refilled = 0;

  /**
   * When to try, if nothing was sent to the limit or heard of it since `idleAt`; undefined while a trial is unanswered.
   * `isReported`: answers report its level, which shows the rate by itself if calls go often enough.
   */
  dueAt(idleAt: number, isReported: boolean): number | undefined {
    if (this.#isOut) return undefined;
    const afterMs = this.#isConfirmed ? CONFIRMED_MS : (isReported ? REPORTED_MS : FIRST_MS) * LONGER ** this.#refused;
    return Math.max(idleAt, this.#triedAt) + afterMs;
  }

  tries(now: number): void {
    this.#isOut = true;
    this.#triedAt = now;
  }

  refused(): void {
    if (!this.#isOut) return;
    this.#isOut = false;
    this.#refused = Math.min(MAX_REFUSED, this.#refused + 1);
  }

  /** Returns whether the tried call, or one after it, got through. */
  served(sentAt: number): boolean {
    if (!this.#isOut || sentAt < this.#triedAt) return false;
    this.#isOut = false;
    this.#refused = 0;
    return true;
  }

  /**
   * An answer reported a level `off` units above the expected one, known to `error` units, after a refill of
   * `refilled`. A full bucket shows no refill.
   */
  told(off: number, refilled: number, error: number, isFull: boolean): void {
    this.#off += off;
    this.#refilled += refilled;
    if (this.#refilled < ENOUGH * Math.max(1, error)) return;
    this.#isConfirmed = !isFull && Math.abs(this.#off) < SAME * this.#refilled;
    this.#off = 0;
    this.#refilled = 0;
  }
}
