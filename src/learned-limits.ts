import { isBucket, LIMIT_KINDS, type LimitOption } from './core/dimensions.ts';
import type { DimensionSnapshot } from './core/events.ts';

const MAX_KEPT = 2_000;

type Limits = Partial<Record<LimitOption, number>>;

/** Limits of lanes that are gone, so that one that comes back need not find them out again. */
export class LearnedLimits {
  readonly #kept = new Map<string, Limits>();

  keep(key: string, dimensions: readonly DimensionSnapshot[]): void {
    const limits: Limits = {};
    for (const { dimension, limit, source } of dimensions) {
      if (source !== 'header' && source !== 'body') continue;
      const option = isBucket(dimension) ? LIMIT_KINDS[dimension].option : undefined;
      if (option !== undefined && limit > 0) limits[option] = limit;
    }
    this.#kept.delete(key);
    if (Object.keys(limits).length === 0) return;
    if (this.#kept.size >= MAX_KEPT) this.#kept.delete(this.#kept.keys().next().value!);
    this.#kept.set(key, limits);
  }

  /** What a lane of this key had learned beside what it is `told`; it keeps that itself from now on. */
  take(key: string, told: Readonly<Record<LimitOption, number | undefined>>): Limits {
    const limits = this.#kept.get(key);
    if (!limits) return {};
    this.#kept.delete(key);
    return Object.fromEntries(
      Object.entries(limits).filter(([option]) => told[option as LimitOption] === undefined),
    ) as Limits;
  }
}
