/** A moment at the provider is known to about this. */
const MOMENT_MS = 60;
const SECOND_MS = 1_000;
/** How far a reset may be off from what was predicted. */
const TOLERANCE = 0.1;
/** Pairs of answers in succession that only a fixed window explains, until it is believed. */
const ENOUGH = 2;
/** So many refusals overturn it, however long it was believed. */
const MAX_STREAK = 4;
const STALE_MS = 20_000;

/** What an answer told of when all is there again, at the provider's moment `at`. */
export interface ToldReset {
  readonly at: number;
  readonly missing: number;
  readonly resetMs: number;
}

/**
 * Whether a limit starts anew at a moment that is told, and gives nothing back before: a bucket refills all the time. The
 * reset of a fixed window runs down as the clock does, whatever was taken meanwhile; that of a bucket changes with
 * what is missing. Read as a bucket, a window that gives nothing back is one of which others take all that comes.
 */
export class FixedWindow {
  #anchor: ToldReset | undefined;
  #streak = 0;
  #endsAt = 0;

  get believed(): boolean {
    return this.#streak >= ENOUGH;
  }

  /** When it starts anew, while that is ahead; undefined where it is not believed. */
  endsAt(now: number): number | undefined {
    return this.believed && now < this.#endsAt ? this.#endsAt : undefined;
  }

  /** `rate` is what a bucket would refill a millisecond; `quantum` the step to which numbers are rounded. */
  observe(told: ToldReset, rate: number, quantum: number): void {
    const { at, missing, resetMs } = told;
    if (missing <= 0 || resetMs <= 0) return;
    this.#endsAt = at + resetMs;
    const anchor = this.#anchor;
    if (!anchor || at - anchor.at > STALE_MS || at > anchor.at + anchor.resetMs) {
      this.#anchor = told;
      return;
    }
    const elapsed = at - anchor.at;
    const whole = resetMs % SECOND_MS === 0 && anchor.resetMs % SECOND_MS === 0;
    const noise = MOMENT_MS + (whole ? SECOND_MS : 0) + quantum / rate;
    const change = resetMs - anchor.resetMs;
    const asBucket = Math.abs(change - (missing - anchor.missing) / rate);
    const asWindow = Math.abs(change + elapsed);
    // Soon after each other, or where no more was taken than came, both explain it.
    if (elapsed < 2 * noise || Math.max(asBucket, asWindow) < 2 * noise) return;
    this.#anchor = told;
    const off = Math.min(asBucket, asWindow);
    if (off > noise + TOLERANCE * elapsed) return;
    this.#streak = asWindow < asBucket ? Math.min(MAX_STREAK, this.#streak + 1) : 0;
  }

  /** Refused where enough should have been left. */
  contradicted(): void {
    this.#streak = Math.max(0, this.#streak - 1);
  }

  forget(): void {
    this.#anchor = undefined;
    this.#streak = 0;
  }
}
