import type { LaneListener } from '../../core/admission.ts';
import type { HiddenBelief } from './hidden-limit.ts';
import type { Limit } from './limit.ts';
import { BUCKET_BELIEFS } from './limit-beliefs.ts';

/** Check interval. Keeps a flapping belief from being reported every time. */
const EVERY_MS = 1_000;

/** Reports beliefs adopted or dropped since the last check. */
export class BeliefWatch {
  readonly #listener: LaneListener;
  /** Bits of `BUCKET_BELIEFS`. */
  readonly #held = new Map<Limit, number>();
  #hidden: HiddenBelief = 'none';
  #lookedAt = -Infinity;

  constructor(listener: LaneListener) {
    this.#listener = listener;
  }

  look(buckets: readonly Limit[], hidden: HiddenBelief, now: number): void {
    if (now - this.#lookedAt < EVERY_MS) return;
    this.#lookedAt = now;
    for (const bucket of buckets) this.#lookAt(bucket);
    if (hidden === this.#hidden) return;
    if (this.#hidden !== 'none') this.#listener.onBelief('unknown', this.#hidden, false);
    if (hidden !== 'none') this.#listener.onBelief('unknown', hidden, true);
    this.#hidden = hidden;
  }

  #lookAt(bucket: Limit): void {
    const before = this.#held.get(bucket) ?? 0;
    let now = 0;
    for (let bit = 0; bit < BUCKET_BELIEFS.length; bit++) {
      if (bucket.beliefs.holds(BUCKET_BELIEFS[bit]!)) now |= 1 << bit;
    }
    if (now === before) return;
    this.#held.set(bucket, now);
    for (let bit = 0; bit < BUCKET_BELIEFS.length; bit++) {
      const mask = 1 << bit;
      if ((now ^ before) & mask) this.#listener.onBelief(bucket.dimension, BUCKET_BELIEFS[bit]!, (now & mask) !== 0);
    }
  }
}
