/** Accuracy of the provider's timestamps. */
const MOMENT_MS = 60;
const SECOND_MS = 1_000;
/** Allowed error of a predicted reset, as a fraction of the elapsed time. */
const TOLERANCE = 0.1;
/** Successive pairs of answers that only a fixed window explains before it is believed. */
const ENOUGH = 2;
/** Cap on the evidence, so that a few refusals overturn even a belief held for long. */
const MAX_STREAK = 4;
const STALE_MS = 20_000;

/** A reset as reported, at the provider's time `at`. */
export interface ToldReset {
  readonly at: number;
  readonly missing: number;
  readonly resetMs: number;
}

/**
 * Tells a fixed window, which refills only at its reset, from a bucket, which refills continuously. The reset of a
 * fixed window counts down with the clock, whatever is taken; that of a bucket changes with what is missing. Misread as
 * a bucket, a fixed window looks as if other users took its entire refill.
 */
export class FixedWindow {
  #anchor: ToldReset | undefined;
  #streak = 0;
  #endsAt = 0;
  /** Whether a call has been tried in this window. */
  #tried = false;

  get believed(): boolean {
    return this.#streak >= ENOUGH;
  }

  /** When the current window ends; undefined if that has passed or no fixed window is believed. */
  endsAt(now: number): number | undefined {
    return this.believed && now < this.#endsAt ? this.#endsAt : undefined;
  }

  /** Whether a call may be tried before the window ends: once in each. */
  get mayTry(): boolean {
    return this.believed && !this.#tried;
  }

  tries(): void {
    this.#tried = true;
  }

  /** `rate`: refill of a bucket per millisecond. `quantum`: step to which numbers are rounded. */
  observe(told: ToldReset, rate: number, quantum: number): void {
    const { at, missing, resetMs } = told;
    if (missing <= 0 || resetMs <= 0) return;
    if (at >= this.#endsAt) this.#tried = false;
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
    // Too close together, or consumption equal to refill: both explanations fit.
    if (elapsed < 2 * noise || Math.max(asBucket, asWindow) < 2 * noise) return;
    this.#anchor = told;
    const off = Math.min(asBucket, asWindow);
    if (off > noise + TOLERANCE * elapsed) return;
    this.#streak = asWindow < asBucket ? Math.min(MAX_STREAK, this.#streak + 1) : 0;
  }

  /** A request was refused although enough should have been left. */
  contradicted(): void {
    this.#streak = Math.max(0, this.#streak - 1);
  }

  forget(): void {
    this.#anchor = undefined;
    this.#streak = 0;
  }
}
