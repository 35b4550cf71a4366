import type { SampleReport } from './fleet-store.ts';

/** Minimum distance of compared samples: over this time, what may be unspent at either end is small. */
const APART_MS = 2_000;

interface Compared {
  readonly at: number;
  readonly left: number;
  readonly burst: number;
  /** What the fleet had spent, and the uncertainty of that number. */
  readonly spent: number;
  readonly vague: number;
}

/** Compares what the fleet spent of a limit between two samples, by its own count and by the provider's. */
export class ComparedSamples {
  #last: Compared | undefined;

  forget(): void {
    this.#last = undefined;
  }

  /** `rate`: refill in units per millisecond. Undefined if the two samples allow no conclusion. */
  next(sample: SampleReport, burst: number, rate: number, now: number): { own: number; counted: number } | undefined {
    const { left, total, unspentLeast, unspentMost } = sample;
    const at = now - sample.ageMs;
    const last = this.#last;
    if (last && at - last.at < APART_MS) return undefined;
    const spent = total - (unspentLeast + unspentMost) / 2;
    const seen = { at, left, burst, spent, vague: unspentMost - unspentLeast };
    this.#last = seen;
    if (last?.burst !== burst) return undefined;
    const own = spent - last.spent;
    const refilled = last.left + (at - last.at) * rate;
    // Refill that a full bucket could not take is invisible.
    if (refilled > burst || own <= last.vague + seen.vague) return undefined;
    return { own, counted: refilled - left };
  }
}
