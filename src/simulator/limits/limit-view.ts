import type { LimitLevel } from './limit-engine-types.ts';
import { LIMIT_KINDS, type LimitName } from './limits.ts';
import type { LimitModel } from './limit-model.ts';

/** What the headers of one limit say of it. Each reading has been documented for a provider or reported of one. */
export interface LimitView {
  /**
   * `window`: what is left of a minute's worth, as if the part that is enforced at once did not matter.
   * `bucket`: what can be spent now, never more than is enforced at once.
   */
  readonly remaining: 'window' | 'bucket';
  /** `full`: the time until all is there again. `next`: until something is. */
  readonly reset: 'full' | 'next';
  /** `minute`: the limit of a minute. `bucket`: of the part that is enforced at once (reported of Azure). */
  readonly limit: 'minute' | 'bucket';
  /** `remaining` is a multiple of this. */
  readonly roundTo: number;
  /** The limit is told so many times as high as it is. */
  readonly inflated: number;
}

export const PLAIN_VIEW: LimitView = {
  remaining: 'window',
  reset: 'full',
  limit: 'minute',
  roundTo: 1,
  inflated: 1,
};

/** What headers say of a limit at a moment. */
export function tellLimit(name: LimitName, model: LimitModel, view: LimitView, now: number): LimitLevel {
  const available = model.available(now);
  const window = model.ratePerMs * windowOf(name);
  const limit = Math.round((view.limit === 'bucket' ? model.capacity : window) * view.inflated);
  const left = view.remaining === 'bucket' ? available : limit - (model.capacity - available);
  const remaining = Math.min(limit, Math.round(left / view.roundTo) * view.roundTo);
  return {
    name,
    limit: Math.max(1, limit),
    remaining: view.roundTo === 1 ? Math.min(limit, left) : remaining,
    fullInMs: view.reset === 'full' ? model.fullInMs(now) : model.nextInMs(now),
    touched: available < model.capacity,
  };
}

function windowOf(name: LimitName): number {
  return LIMIT_KINDS.find((kind) => kind.name === name)!.windowMs;
}
