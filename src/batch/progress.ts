import type { LaneSnapshot } from '../core/snapshot.ts';
import { type ItemMeter, sumOf } from './call-meter.ts';
import type { ItemUsage } from './result.ts';
import { type BatchEstimate, TimeLeft } from './time-left.ts';

/** Cost of a run so far, including that of earlier runs with the same journal. */
export interface BatchCost {
  /** USD of the calls whose price is known. */
  readonly usd: number;
  /** Items whose cost is not fully known: the model has no price, or the answer to a call was lost. */
  readonly unknown: number;
  /**
   * USD charged to `maxCost` that may not have been spent: worst cases of lost attempts and of items of unknown cost.
   */
  readonly possibleUsd: number;
  /** Attempts whose answer never came: timed out, cut off or given up. The provider may charge for them. */
  readonly lostAttempts: number;
  /** USD reserved for the items in flight; 0 without `maxCost`. */
  readonly reservedUsd: number;
}

/** Progress of a run. */
export interface BatchSnapshot {
  /** Total number of items, if known. */
  readonly total: number | undefined;
  /** Finished items, failed ones included. */
  readonly done: number;
  readonly failed: number;
  /** Finished items answered from the journal or by an identical item. */
  readonly reused: number;
  /** Items whose worker is running, whether their calls are queued in a lane or sent. */
  readonly inFlight: number;
  readonly elapsedMs: number;
  /** Average over the whole run; reused items do not count. */
  readonly itemsPerSecond: number;
  readonly tokensPerSecond: number;
  /** Usage of the items that were called. */
  readonly usage: ItemUsage;
  /** Undefined if the guard has no prices. */
  readonly cost: BatchCost | undefined;
  /** Undefined before anything is known. */
  readonly eta: BatchEstimate | undefined;
}

interface Spent {
  readonly usd: number;
  readonly chargedUsd: number;
  readonly unpriced: number;
}

const NONE: ItemUsage = {
  inputTokens: 0,
  outputTokens: 0,
  cacheReadTokens: 0,
  cacheWriteTokens: 0,
  reasoningTokens: 0,
};

/** Keeps the counters of a run and estimates the time left. */
export class Progress {
  done = 0;
  failed = 0;
  reused = 0;
  inFlight = 0;
  #costUsd = 0;
  #unknownCosts = 0;
  #possibleUsd = 0;
  #lostAttempts = 0;
  #priced = false;
  readonly #startedAt: number;
  readonly #timeLeft: TimeLeft;
  #called = 0;
  #usage: ItemUsage = NONE;

  constructor(now: number) {
    this.#startedAt = now;
    this.#timeLeft = new TimeLeft(now);
  }

  /** Adds the cost of earlier runs and what they were charged. */
  spent({ usd, chargedUsd, unpriced }: Spent): void {
    this.#costUsd += usd;
    this.#possibleUsd += Math.max(0, chargedUsd - usd);
    this.#unknownCosts += unpriced;
    if (usd > 0 || unpriced > 0) this.#priced = true;
  }

  /** An item was charged more than it is known to have cost. */
  possiblySpent(usd: number): void {
    this.#possibleUsd += Math.max(0, usd);
  }

  /** An item that was called. */
  called(meter: ItemMeter, durationMs: number, now: number): void {
    const { usage, priced, costUsd, unpriced, lost } = meter;
    this.#lostAttempts += lost;
    if (priced) {
      this.#priced = true;
      this.#costUsd += costUsd;
    }
    if (unpriced > 0) this.#unknownCosts++;
    this.#called++;
    if (usage) this.#usage = sumOf(this.#usage, usage);
    this.#timeLeft.ended(meter, durationMs, now);
  }

  snapshot(
    now: number,
    total: number | undefined,
    lanes: readonly LaneSnapshot[],
    reservedUsd: number | undefined,
  ): BatchSnapshot {
    const hasCosts = this.#priced || reservedUsd !== undefined;
    const cost = {
      usd: this.#costUsd,
      unknown: this.#unknownCosts,
      possibleUsd: this.#possibleUsd,
      lostAttempts: this.#lostAttempts,
      reservedUsd: reservedUsd ?? 0,
    };
    const elapsedMs = now - this.#startedAt;
    const perSecond = (count: number): number => (elapsedMs > 0 ? (count * 1000) / elapsedMs : 0);
    const usage = this.#usage;
    const left = (total ?? 0) - this.done;
    const { inFlight } = this;
    return {
      total,
      done: this.done,
      failed: this.failed,
      reused: this.reused,
      inFlight,
      elapsedMs,
      itemsPerSecond: perSecond(this.#called),
      tokensPerSecond: perSecond(usage.inputTokens + usage.outputTokens),
      usage,
      cost: hasCosts ? cost : undefined,
      eta: total === undefined ? undefined : this.#timeLeft.estimate({ now, left, inFlight, lanes }),
    };
  }
}
