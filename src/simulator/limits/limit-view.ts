import type { LimitModel } from './limit-model.ts';
import type { LimitName } from './limits.ts';

/** What the headers of a limit say of it. Each reading has been documented for a provider or reported of one. */
export interface LimitView {
  /**
   * `window`: what is left of the whole limit, as if the part that is enforced at once did not matter.
   * `bucket`: what can be spent now, never more than is enforced at once.
   */
  readonly remaining: 'window' | 'bucket';
  /** `full`: the time until all is there again. `next`: until something is. */
  readonly reset: 'full' | 'next';
  /** `window`: the whole limit. `bucket`: the part that is enforced at once, as was reported of Azure. */
  readonly limit: 'window' | 'bucket';
  /** `remaining` is a multiple of this. */
  readonly roundTo: number;
  /** The limit is told so many times as high as it is. */
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

export interface ToldLimit {
  readonly name: LimitName;
  /** Of its whole window. */
  readonly limit: number;
  readonly model: LimitModel;
  /** Whether something was ever spent. */
  readonly touched: boolean;
}

/** What headers say of a limit at a moment. */
export function tellLimit({ name, limit: whole, model, touched }: ToldLimit, view: LimitView, now: number): LimitLevel {
  const available = model.available(now);
  const enforced = view.limit === 'bucket' ? model.capacity : whole;
  const limit = enforced === whole && view.inflated === 1 ? whole : Math.max(1, Math.round(enforced * view.inflated));
  const left = view.remaining === 'bucket' ? available : limit - (model.capacity - available);
  const rounded = view.roundTo === 1 ? left : Math.round(left / view.roundTo) * view.roundTo;
  const fullInMs = view.reset === 'full' ? model.fullInMs(now) : model.nextInMs(now);
  return { name, limit, remaining: Math.min(limit, rounded), fullInMs, touched };
}
