import type { VirtualClock } from '../../../src/hits/replay/virtual-clock.ts';
import type { CaseJob, ProviderSpec } from './case.ts';
import type { RandomProvider } from './random-provider.ts';

const SHORTEST_MS = 5_000;
/** A window holds this many calls, so that none of them decides alone. */
const CALLS = 20;
const STEPS = 10;
const USED = 0.9;
/** How long a disturbance may show. */
const RECOVERY_MS = 2_000;

interface Sample {
  readonly at: number;
  readonly units: readonly number[];
  readonly available: readonly number[];
  readonly inFlight: number;
  /** Calls that have arrived and were not admitted yet. */
  readonly pending: number;
}

/**
 * Finds times in which calls waited and less than 90 % of what the limits would have granted was used: the level of
 * each plus its refill, but no more than its rate.
 */
export class UsageWatch {
  /** Milliseconds in windows of at least 5 s that were below 90 %. */
  slowMs = 0;
  readonly #provider: RandomProvider;
  readonly #spec: ProviderSpec;
  readonly #clock: VirtualClock;
  readonly #arrivals: readonly number[];
  readonly #means: readonly number[];
  readonly #largest: readonly number[];
  readonly #windowMs: number;
  readonly #fromMs: number;
  readonly #samples: Sample[] = [];
  #slowUntil = 0;
  #stopped = false;

  constructor(provider: RandomProvider, spec: ProviderSpec, jobs: readonly CaseJob[], clock: VirtualClock) {
    this.#provider = provider;
    this.#spec = spec;
    this.#clock = clock;
    this.#arrivals = jobs.map((job) => job.arriveMs).toSorted((a, b) => a - b);
    const charges = jobs.map((job) => provider.limits.chargesOf(job).map((each) => Math.max(each.arrival, each.final)));
    this.#means = provider.limits.all.map((_, index) => sum(charges.map((each) => each[index]!)) / jobs.length);
    this.#largest = provider.limits.all.map((_, index) => Math.max(...charges.map((each) => each[index]!)));
    const slowest = Math.min(...provider.limits.all.map(({ model }, index) => model.ratePerMs / this.#means[index]!));
    this.#windowMs = Math.max(SHORTEST_MS, CALLS / slowest);
    // Until the first answer, no client without knowledge knows more.
    this.#fromMs = Math.min(...jobs.map((job) => job.arriveMs + job.latencyMs)) + 2 * spec.oneWayMs;
    this.#tick();
  }

  stop(): void {
    this.#stopped = true;
  }

  #tick(): void {
    if (this.#stopped) return;
    const sample = this.#sample();
    this.#samples.push(sample);
    if (this.#samples.length > STEPS + 1) this.#samples.shift();
    const from = this.#samples[0]!;
    if (this.#samples.length === STEPS + 1 && this.#isSlow(from, sample)) {
      this.slowMs += sample.at - Math.max(from.at, this.#slowUntil);
      this.#slowUntil = sample.at;
    }
    this.#clock.after(this.#windowMs / STEPS, () => this.#tick());
  }

  #sample(): Sample {
    const at = this.#clock.now();
    const { limits, admitted } = this.#provider;
    limits.advance(at);
    let arrived = 0;
    while (arrived < this.#arrivals.length && this.#arrivals[arrived]! <= at) arrived++;
    return {
      at,
      units: [...admitted.units],
      available: limits.all.map(({ model }) => model.available(at)),
      inFlight: admitted.inFlight,
      pending: arrived - admitted.calls,
    };
  }

  #isSlow(from: Sample, to: Sample): boolean {
    const { outage, change, maxConcurrent, neighbour = 0 } = this.#spec;
    if (from.at < this.#fromMs || this.#samples.some(({ pending }) => pending <= 0)) return false;
    if (outage && to.at > outage.fromMs && from.at < outage.untilMs + RECOVERY_MS) return false;
    if (change && to.at > change.atMs && from.at < change.atMs + RECOVERY_MS) return false;
    const lasted = to.at - from.at;
    // All slots were taken, however long the answers were.
    const taken = sum(this.#samples.map(({ inFlight }) => inFlight)) / this.#samples.length;
    if (maxConcurrent !== undefined && taken >= USED * maxConcurrent) return false;
    return this.#provider.limits.all.every(({ model }, index) => {
      const rate = model.ratePerMs * (1 - neighbour) * lasted;
      const granted = from.available[index]! + model.returned(from.at, to.at) * (1 - neighbour);
      const wanted = from.pending * this.#means[index]!;
      const used = to.units[index]! - from.units[index]!;
      const largest = this.#largest[index]!;
      // Whole calls do not fill a window, which does not keep the remainder.
      const filled = this.#spec.limits[index]!.kind === 'bucket' ? 1 : 1 - largest / model.capacity;
      return used + largest < USED * Math.min(filled * rate, filled * granted, wanted);
    });
  }
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
