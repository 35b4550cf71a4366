/** Lengths of windows, in milliseconds, of which a limit may begin anew. */
const WINDOWS = [5, 10, 15, 20, 30, 60].map((seconds) => seconds * 1_000);
/** A measured time may be this much longer than the window, since requests take time. */
const LATE = 1.01;
/** What is over sooner says nothing about a window. */
const LEAST_WALL_MS = 2_500;
/** Of the time until a window's end, this part is waited before the next trial; more once a window has been kept. */
const PART = 0.3;
const KEPT_PART = 0.5;

/**
 * When an exhausted limit is likely to admit again: limits with windows do so a window after they last did. The first
 * wall suggests the window, and the next ones confirm or refute it.
 */
export class WallRhythm {
  #windowMs: number | undefined;
  /** Whether it admitted again when expected, the last time. */
  #isKept = false;
  /** When it last began to admit: after a refused attempt was sent, and before an admitted one. */
  #from = 0;
  #to = 0;

  /** The first call ever was sent. */
  begins(now: number): void {
    this.#from = now;
    this.#to = now;
  }

  /** It admits again, after it did not since `since`. */
  opened(since: number, refusedAt: number, admittedAt: number): void {
    const leastMs = refusedAt - this.#to;
    const windowMs = this.#windowMs ?? 0;
    this.#isKept = windowMs >= leastMs && windowMs <= admittedAt - this.#from;
    if (!this.#isKept) this.#windowMs = this.#guess(refusedAt - since, leastMs);
    this.#from = refusedAt;
    this.#to = admittedAt;
  }

  /** The shortest window in which it may have admitted nothing for so long, the first time `sinceMs` after it last began to. */
  #guess(wallMs: number, sinceMs: number): number | undefined {
    if (wallMs < LEAST_WALL_MS) return undefined;
    return WINDOWS.find((windowMs) => LATE * windowMs >= sinceMs) ?? WINDOWS.find((windowMs) => windowMs >= wallMs);
  }

  /** How long to wait until the next trial, `ownMs` if nothing is known. */
  pauseMs(ownMs: number, now: number): number {
    if (this.#windowMs === undefined) return ownMs;
    const leftMs = this.#to + LATE * this.#windowMs - now;
    if (leftMs <= 0) return ownMs;
    return Math.min(leftMs, Math.max(ownMs, (this.#isKept ? KEPT_PART : PART) * leftMs));
  }
}
