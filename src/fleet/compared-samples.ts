import type { SampleReport } from './protocol.ts';

/** Samples are compared this far apart: what may be unspent at either is small then. */
const APART_MS = 2_000;

interface Compared {
  readonly at: number;
  readonly left: number;
  readonly burst: number;
  /** What the fleet had spent, and how far off that may be. */
  readonly spent: number;
  readonly vague: number;
}

/** What the fleet spent of a limit between two samples, by its own count and by the provider's. */
export class ComparedSamples {
  #last: Compared | undefined;

  forget(): void {
    this.#last = undefined;
  }

  /** `rate`: units per millisecond that come back. Undefined where nothing follows. */
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
    // What a full bucket did not take in nobody has counted.
    if (refilled > burst || own <= last.vague + seen.vague) return undefined;
    return { own, counted: refilled - left };
  }
}
