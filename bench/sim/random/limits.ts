import { createLimitModel } from '../../../src/simulator/limits/create-limit-model.ts';
import type { LimitModel } from '../../../src/simulator/limits/limit-model.ts';
import type { LimitName } from '../../../src/simulator/limits/limits.ts';
import { mulberry32, type Random } from '../../../src/simulator/random.ts';
import type { CaseJob, LimitSpec, ProviderSpec } from './case.ts';
import { type Charge, chargeOf } from './charges.ts';

const NEIGHBOUR_STEP_MS = 100;
/** Others take up to this multiple of their average at a time. */
export const MOST_OF_OTHERS = 1.5;
/** Times are sums of fractions: a wait may end a fraction early. */
const LATER_MS = 1e-3;

interface EnforcedLimit {
  readonly name: LimitName;
  readonly model: LimitModel;
}

/** All limits of a provider, and changes from outside. Shared by provider and reference. */
export class EnforcedLimits {
  readonly all: readonly EnforcedLimit[];
  readonly #provider: ProviderSpec;
  readonly #random: Random;
  readonly #neighbourStepMs: number;
  #neighbourAt = 0;
  #changed = false;

  constructor(provider: ProviderSpec, factor = 1, seed = 0) {
    this.#provider = provider;
    this.#random = mulberry32(seed);
    this.all = provider.limits.map((spec) => ({ name: spec.name, model: modelOf(spec, factor, provider.minuteMs) }));
    const slowest = Math.min(...provider.limits.map(({ perMinute }) => perMinute));
    this.#neighbourStepMs = Math.max(NEIGHBOUR_STEP_MS, 60_000 / (slowest * (provider.neighbour ?? 1)));
  }

  /** Consumption by others and tier changes up to a time. */
  advance(now: number): void {
    const { change } = this.#provider;
    if (change && !this.#changed && now >= change.atMs) {
      this.#changed = true;
      this.#neighbourUntil(change.atMs);
      for (const { model } of this.all) {
        const { capacity, ratePerMs } = model;
        model.resize(Math.max(1, capacity * change.factor), ratePerMs * change.factor, change.atMs, 'level');
      }
    }
    this.#neighbourUntil(now);
  }

  #neighbourUntil(now: number): void {
    const { neighbour } = this.#provider;
    if (neighbour === undefined) return;
    for (; this.#neighbourAt <= now; this.#neighbourAt += this.#neighbourStepMs) {
      const taken = neighbour * this.#neighbourStepMs * (MOST_OF_OTHERS - 1 + this.#random());
      for (const { model } of this.all) model.spend(model.ratePerMs * taken, this.#neighbourAt);
    }
  }

  /** The first limit for which a call has to wait, and how long. */
  refusal(charges: readonly Charge[], now: number): { limit: EnforcedLimit; need: number; waitMs: number } | undefined {
    this.advance(now);
    for (let index = 0; index < this.all.length; index++) {
      const limit = this.all[index]!;
      const { need } = charges[index]!;
      const waitMs = limit.model.waitMs(need, now);
      if (waitMs > 0) return { limit, need, waitMs: waitMs + LATER_MS };
    }
    return undefined;
  }

  admit(charges: readonly Charge[], now: number): void {
    this.all.forEach(({ model }, index) => model.spend(charges[index]!.arrival, now));
  }

  complete(charges: readonly Charge[], admittedAt: number, now: number): void {
    this.advance(now);
    this.all.forEach(({ model }, index) => {
      const { arrival, final } = charges[index]!;
      if (final !== arrival) model.spend(final - arrival, now, admittedAt);
    });
  }

  chargesOf(job: CaseJob): Charge[] {
    return this.all.map(({ name }) => chargeOf(this.#provider, name, job));
  }
}

function modelOf({ kind, perMinute, windowMs, fill = 1 }: LimitSpec, factor: number, minuteMs = 0): LimitModel {
  const limit = factor * perMinute;
  return createLimitModel({ kind, limit, windowMs: 60_000, burstMs: windowMs, fill, now: 0, clockStart: -minuteMs });
}
