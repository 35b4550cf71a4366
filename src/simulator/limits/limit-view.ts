import type { LimitModel } from './limit-model.ts';
import type { LimitName } from './limits.ts';

/** How headers describe a limit. Each variant has been documented for a provider or reported of one. */
export interface LimitView {
  /**
   * `window`: the rest of the whole limit, regardless of the part that may be spent at once.
   * `bucket`: what can be spent now. `share`: the same, as a share of the whole limit.
   */
  readonly remaining: 'window' | 'bucket' | 'share';
  /** `full`: the time until the limit is full again. `next`: until the next unit. */
  readonly reset: 'full' | 'next';
  /** `window`: the whole limit. `bucket`: the part that is enforced at once, as was reported of Azure. */
  readonly limit: 'window' | 'bucket';
  /** `remaining` is a multiple of this. */
  readonly roundTo: number;
  /** Factor by which the stated limit exceeds the real one. */
  readonly inflated: number;
}

export const PLAIN_VIEW: LimitView = {
  remaining: 'window',
  reset: 'full',
  limit: 'window',
  roundTo: 1,
  inflated: 1,
};

/** State of one limit, as headers describe it. */
export interface LimitLevel {
  readonly name: LimitName;
  readonly limit: number;
  /** Fractional; negative where the bucket is below zero. */
  readonly remaining: number;
  readonly fullInMs: number;
  readonly touched: boolean;
}

export interface StatedLimit {
  readonly name: LimitName;
  /** Of its whole window. */
  readonly limit: number;
  readonly model: LimitModel;
  /** Whether anything was ever spent. */
  readonly touched: boolean;
}

/** A limit at one moment, as headers state it. */
export function limitLevel(
  { name, limit: whole, model, touched }: StatedLimit,
  view: LimitView,
  now: number,
): LimitLevel {
  const available = model.available(now);
  const enforced = view.limit === 'bucket' ? model.capacity : whole;
  const limit = enforced === whole && view.inflated === 1 ? whole : Math.max(1, Math.round(enforced * view.inflated));
  const left = leftOf(model, view, limit, available);
  const rounded = view.roundTo === 1 ? left : Math.round(left / view.roundTo) * view.roundTo;
  const fullInMs = view.reset === 'full' ? model.fullInMs(now) : model.nextInMs(now);
  return { name, limit, remaining: Math.min(limit, rounded), fullInMs, touched };
}

function leftOf(model: LimitModel, { remaining }: LimitView, limit: number, available: number): number {
  switch (remaining) {
    case 'bucket':
      return available;
    case 'share':
      return (available / model.capacity) * limit;
    case 'window':
      return limit - (model.capacity - available);
  }
}
