import type { Dimension } from '../core/dimensions.ts';
import type { LaneSnapshot } from '../core/events.ts';
import type { ItemMeter } from './call-meter.ts';
import type { ItemUsage } from './result.ts';

/** Seconds until the last item is finished, as an interval, and what decides it. */
export interface BatchEstimate {
  readonly fromSeconds: number;
  readonly toSeconds: number;
  /** The limit that takes longest to admit what is left; `concurrency` where no limit is known to bind. */
  readonly binds: Dimension;
}

/** What a run has cost so far; with a journal what earlier ones did, too. */
export interface BatchCost {
  /** USD of the calls whose price is known. */
  readonly usd: number;
  /** Items whose cost is not known, or not in full: their price, or what a lost call took. */
  readonly unknown: number;
  /** Set aside for what is in flight; 0 without `maxCost`. */
  readonly reservedUsd: number;
}

/** How far a run is. */
export interface BatchSnapshot {
  /** Items in all; undefined where nobody knows. */
  readonly total: number | undefined;
  /** Finished items, failed ones included. */
  readonly done: number;
  readonly failed: number;
  /** Finished items whose answer was in the journal, or that of an equal item. */
  readonly reused: number;
  /** Items whose worker is at work, in a lane's queue or sent. */
  readonly inFlight: number;
  readonly elapsedMs: number;
  /** By the items that were called, over the whole run. */
  readonly itemsPerSecond: number;
  readonly tokensPerSecond: number;
  /** Of the items that were called. */
  readonly usage: ItemUsage;
  /** Undefined where the guard has no prices. */
  readonly cost: BatchCost | undefined;
  /** Undefined before anything is known. */
  readonly eta: BatchEstimate | undefined;
}

/** Mean and deviation of a number, without keeping its values (Welford). */
class Sample {
  count = 0;
  sum = 0;
  #mean = 0;
  #squares = 0;

  add(value: number): void {
    this.count++;
    this.sum += value;
    const delta = value - this.#mean;
    this.#mean += delta / this.count;
    this.#squares += delta * (value - this.#mean);
  }

  /** Where the mean is within two standard errors; at least the tenth that fewer than ten values cannot tell. */
  get interval(): readonly [number, number] {
    if (this.count === 0) return [0, 0];
    const deviation = this.count < 2 ? this.#mean : Math.sqrt(this.#squares / (this.count - 1));
    const error = Math.max((2 * deviation) / Math.sqrt(this.count), this.count < 10 ? this.#mean / 10 : 0);
    return [Math.max(0, this.#mean - error), this.#mean + error];
  }
}

/** Counts a run, and tells how long it will take. */
export class Progress {
  done = 0;
  failed = 0;
  reused = 0;
  inFlight = 0;
  #costUsd = 0;
  #unknownCosts = 0;
  #priced = false;
  readonly #startedAt: number;
  readonly #attempts = new Sample();
  readonly #duration = new Sample();
  readonly #tokens = {
    inputTokens: new Sample(),
    outputTokens: new Sample(),
    cacheReadTokens: new Sample(),
    cacheWriteTokens: new Sample(),
    reasoningTokens: new Sample(),
  };

  constructor(now: number) {
    this.#startedAt = now;
  }

  /** What earlier runs have cost. */
  spent(usd: number, unpriced: number): void {
    this.#costUsd += usd;
    this.#unknownCosts += unpriced;
    if (usd > 0 || unpriced > 0) this.#priced = true;
  }

  /** An item that was called. */
  called({ attempts, usage, priced, costUsd, unpriced }: ItemMeter, durationMs: number): void {
    if (priced) {
      this.#priced = true;
      this.#costUsd += costUsd;
    }
    if (unpriced > 0) this.#unknownCosts++;
    this.#attempts.add(Math.max(1, attempts));
    this.#duration.add(durationMs);
    for (const kind of Object.keys(this.#tokens) as (keyof ItemUsage)[]) {
      if (usage) this.#tokens[kind].add(usage[kind]);
    }
  }

  snapshot(
    now: number,
    total: number | undefined,
    lanes: readonly LaneSnapshot[],
    reservedUsd: number | undefined,
  ): BatchSnapshot {
    const hasCosts = this.#priced || reservedUsd !== undefined;
    const cost = { usd: this.#costUsd, unknown: this.#unknownCosts, reservedUsd: reservedUsd ?? 0 };
    const elapsedMs = now - this.#startedAt;
    const perSecond = (count: number): number => (elapsedMs > 0 ? (count * 1000) / elapsedMs : 0);
    const usage = Object.fromEntries(
      Object.entries(this.#tokens).map(([kind, sample]) => [kind, sample.sum]),
    ) as unknown as ItemUsage;
    return {
      total,
      done: this.done,
      failed: this.failed,
      reused: this.reused,
      inFlight: this.inFlight,
      elapsedMs,
      itemsPerSecond: perSecond(this.#attempts.count),
      tokensPerSecond: perSecond(usage.inputTokens + usage.outputTokens),
      usage,
      cost: hasCosts ? cost : undefined,
      eta: total === undefined ? undefined : this.#estimate(total - this.done, lanes),
    };
  }

  /** The slowest of what has to let the rest through: each limit of each lane, and the calls that may run at once. */
  #estimate(left: number, lanes: readonly LaneSnapshot[]): BatchEstimate | undefined {
    if (left <= 0) return { fromSeconds: 0, toSeconds: 0, binds: 'concurrency' };
    if (this.#attempts.count === 0) return undefined;
    const together = Math.max(1, this.inFlight - lanes.reduce((sum, { queued }) => sum + queued, 0));
    let slowest = estimate('concurrency', left, this.#duration, together * 1000);
    // What a lane's limits let through adds up over lanes.
    const rates = new Map<Dimension, number>();
    for (const { dimensions } of lanes) {
      for (const { dimension, ratePerSecond } of dimensions) {
        if (ratePerSecond !== undefined) rates.set(dimension, (rates.get(dimension) ?? 0) + ratePerSecond);
      }
    }
    for (const [dimension, rate] of rates) {
      const each = this.#costIn(dimension);
      if (each === undefined || rate <= 0) continue;
      const other = estimate(dimension, left, each, rate);
      if (other.toSeconds > slowest.toSeconds) slowest = other;
    }
    return slowest;
  }

  /** What an item takes of a limit. */
  #costIn(dimension: Dimension): { readonly interval: readonly [number, number] } | undefined {
    const { inputTokens, outputTokens } = this.#tokens;
    switch (dimension) {
      case 'requests':
      case 'requests_day':
        return this.#attempts;
      case 'input_tokens':
        return inputTokens;
      case 'output_tokens':
        return outputTokens;
      case 'tokens':
      case 'tokens_day': {
        const [inFrom, inTo] = inputTokens.interval;
        const [outFrom, outTo] = outputTokens.interval;
        return { interval: [inFrom + outFrom, inTo + outTo] };
      }
      default:
        return undefined;
    }
  }
}

function estimate(
  binds: Dimension,
  left: number,
  { interval: [from, to] }: { readonly interval: readonly [number, number] },
  perSecond: number,
): BatchEstimate {
  return { fromSeconds: (left * from) / perSecond, toSeconds: (left * to) / perSecond, binds };
}
