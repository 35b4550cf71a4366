import { Cubic } from './cubic.ts';

const BURST_MS = 1_000;
const PAUSE_MS = 1_000;
const MOST_PAUSE_MS = 30_000;
/** Refusals this long ago say nothing where the provider has named its limits since. */
const FORGET_MS = 60_000;
const METER_MS = 1_000;
/** Limits are per minute, and let a minute's worth through at once: what went in the last minute tells their rate. */
const WINDOW_MS = 60_000;
/** So few tell nothing: the bucket was empty when the lane started. */
const FEW = 20;

/** A limit of which nothing is known but that it refused: a rate in calls of average size, found by CUBIC. */
export class BlindLimit {
  #cubic: Cubic | undefined;
  #level = 0;
  #at = 0;
  #inARow = 0;
  #minute = 0;
  #minuteAt = 0;
  #refusedAt = -Infinity;
  #sinceRefused = 0;
  #meterFrom = 0;
  #metered = 0;
  #measured = 0;

  get ratePerMs(): number | undefined {
    return this.#cubic?.rate;
  }

  waitMs(cost: number, now: number): number {
    const cubic = this.#cubic;
    if (!cubic) return 0;
    cubic.advance(now, this.sendingRate(now));
    const most = Math.max(1, cubic.rate * BURST_MS);
    this.#level = Math.min(most, this.#level + Math.max(0, now - this.#at) * cubic.rate);
    this.#at = now;
    return Math.max(0, (Math.min(cost, most) - this.#level) / cubic.rate);
  }

  take(cost: number, now: number): void {
    this.#meter(now);
    this.#metered += cost;
    this.#minute = this.#lastMinute(now) + cost;
    this.#minuteAt = now;
    this.#sinceRefused += cost;
    if (!this.#cubic) return;
    this.#level -= cost;
    this.#cubic.accepted(cost);
  }

  succeeded(now: number, limitsKnown: boolean): void {
    this.#inARow = 0;
    if (limitsKnown && this.#cubic && now - this.#cubic.throttledAt > FORGET_MS) this.#cubic = undefined;
  }

  /** Never counted by the limit. */
  refused(cost: number): void {
    this.#sinceRefused -= cost;
    this.#minute -= cost;
    this.#level += cost;
    this.#cubic?.accepted(-cost);
  }

  /** Slows down; a caller `alone` only when it is refused again and again. Returns how long to pause where the provider does not say. */
  throttled(now: number, alone: boolean): number {
    const gotThrough = this.#inARow === 0;
    this.#inARow++;
    // While nothing gets through the pause grows: a rate of nothing would last long after the limit is free again.
    if (gotThrough) {
      if (this.#cubic) this.#cubic.throttled(now);
      else if (!alone) this.#begin(this.#firstRate(now), now);
      // Empty at both refusals, so what was let through in between is the limit.
      else if (now - this.#refusedAt < FORGET_MS) this.#begin(this.#sinceRefused / (now - this.#refusedAt), now);
    }
    this.#level = Math.min(0, this.#level);
    this.#at = now;
    this.#refusedAt = now;
    this.#sinceRefused = 0;
    return Math.min(MOST_PAUSE_MS, PAUSE_MS * 2 ** (this.#inARow - 1));
  }

  #begin(ratePerMs: number, now: number): void {
    this.#cubic = new Cubic(ratePerMs, now);
    this.#level = 0;
  }

  /** Calls of average size sent per millisecond in the last second or two. */
  sendingRate(now: number): number {
    this.#meter(now);
    return Math.max(this.#measured, this.#metered / METER_MS);
  }

  #firstRate(now: number): number {
    const sent = this.#lastMinute(now);
    return sent < FEW ? this.sendingRate(now) : sent / WINDOW_MS;
  }

  /** Cost sent in about the last minute. */
  #lastMinute(now: number): number {
    return this.#minute * Math.exp((this.#minuteAt - now) / WINDOW_MS);
  }

  #meter(now: number): void {
    const elapsed = now - this.#meterFrom;
    if (elapsed < METER_MS) return;
    this.#measured = this.#metered / elapsed;
    this.#metered = 0;
    this.#meterFrom = now;
  }
}
