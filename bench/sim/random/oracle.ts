import type { Attempted } from './ask.ts';
import type { CaseJob, LimitSpec, ProviderSpec } from './case.ts';
import { type Charge, planned } from './charges.ts';
import { EnforcedLimits } from './limits.ts';
import { faultOf, POLITE_MS } from './drawn-fault.ts';

/** What an oracle needs to know of its process. */
interface Place {
  readonly processes: number;
  /** Which of them it is. */
  readonly index: number;
}

/** Until an answer has come. */
const LATER = Infinity;
const HAIR_MS = 1e-3;
/** Calls in a part of a window, so that the remainder is small. */
const FEW = 10;

/**
 * The most that a process could know of its provider without asking: every limit with its kind and length, what is left
 * at the start, what a call will take, when limits change and outages are, how much others take on average, which calls
 * meet a fault, and how many processes there are. But not what those are sending now. Each uses its part.
 */
export class Oracle {
  readonly #spec: ProviderSpec;
  readonly #limits: EnforcedLimits;
  readonly #places: number;
  readonly #attempts = new Map<CaseJob, number>();
  #inFlight = 0;
  #heldUntil = 0;

  constructor(spec: ProviderSpec, largest: readonly number[], { processes, index }: Place) {
    const { maxConcurrent = Infinity, limits } = spec;
    const parts = limits.map((limit, at) => partOf(limit, 1 / processes, largest[at]!));
    this.#spec = spec;
    this.#limits = new EnforcedLimits({ ...spec, limits: parts });
    // Whole calls do not divide evenly: those of different processes go one after the other.
    this.#limits.all.forEach(({ model }, at) => model.spend((largest[at]! * index) / processes, 0));
    this.#places = Math.max(1, Math.floor((maxConcurrent + index) / processes));
  }

  /** Milliseconds until the call may go; it counts as sent when that is 0. */
  waitMs(job: CaseJob, now: number): number {
    if (this.#inFlight >= this.#places) return LATER;
    if (now < this.#heldUntil) return this.#heldUntil - now;
    const { oneWayMs, outage, change } = this.#spec;
    const at = now + oneWayMs;
    if (outage && at >= outage.fromMs && at < outage.untilMs) return outage.untilMs - at;
    const charges = this.#chargesOf(job);
    const refusal = this.#limits.refusal(charges, at);
    if (refusal) {
      const changesInMs = change && change.atMs > at ? change.atMs - at : Infinity;
      return Math.min(refusal.waitMs, changesInMs + HAIR_MS);
    }
    this.#limits.admit(charges, at);
    this.#inFlight++;
    return 0;
  }

  /** An attempt has ended; a refused one took nothing. */
  ended(job: CaseJob, { ok, throttled, sentAt, hintMs }: Attempted, now: number): void {
    const { oneWayMs } = this.#spec;
    this.#inFlight--;
    const charges = this.#chargesOf(job);
    const final = ok ? charges : charges.map((charge) => ({ ...charge, final: 0 }));
    this.#limits.complete(final, sentAt + oneWayMs, now - oneWayMs);
    const attempt = this.#attempts.get(job) ?? 0;
    this.#attempts.set(job, attempt + 1);
    if (throttled && faultOf(this.#spec, job, attempt).kind === 'good') this.#refused(charges, hintMs, now);
  }

  /** Others were faster: only as much is left as the hint implies. */
  #refused(charges: readonly Charge[], hintMs: number | undefined, now: number): void {
    const left = this.#limits.all.map(({ model }, at) => model.available(now) / charges[at]!.need);
    const least = left.indexOf(Math.min(...left));
    const { model } = this.#limits.all[least]!;
    const { need } = charges[least]!;
    const waitMs = hintMs ?? Math.min(POLITE_MS, need / model.ratePerMs);
    const spare = left[least]! * need - (need - waitMs * model.ratePerMs);
    if (spare > 0 && this.#spec.limits[least]!.kind === 'bucket') model.spend(spare, now);
    this.#heldUntil = Math.max(this.#heldUntil, now + waitMs);
  }

  #chargesOf(job: CaseJob): Charge[] {
    return this.#limits.chargesOf(job).map(planned);
  }
}

/** A part of a limit; one that holds too few calls is spread evenly, since whole calls do not fill it. */
function partOf(limit: LimitSpec, part: number, largest: number): LimitSpec {
  const perMinute = limit.perMinute * part;
  const atOnce = (perMinute * limit.windowMs) / 60_000;
  const least = limit.kind === 'bucket' ? largest : FEW * largest;
  if (part === 1 || atOnce >= least) return { ...limit, perMinute };
  const fill = Math.min(1, ((limit.fill ?? 1) * atOnce) / largest);
  return { ...limit, kind: 'bucket', perMinute, windowMs: (60_000 * largest) / perMinute, fill };
}
