import type { BucketDimension, LimitKind } from '../core/dimensions.ts';
import type { DimensionSnapshot, LimitSource } from '../core/snapshot.ts';
import type { Contradiction } from '../pacing/limits/enforced-rate.ts';
import type { Limit, LimitFacts, LimitModel } from '../pacing/limits/limit.ts';
import type { Observation } from '../pacing/limits/observation.ts';
import type { Lease } from './lease.ts';

/**
 * A limit of which the lane may spend what it has leased. Its own model keeps learning as if nothing were divided, so
 * that it can take over the moment the store fails.
 */
export class LeasedLimit implements Limit {
  readonly #model: LimitModel;
  readonly #lease: Lease;

  constructor(model: LimitModel, lease: Lease) {
    this.#model = model;
    this.#lease = lease;
    model.sharers = lease;
  }

  waitMs(amount: number): number {
    if (amount <= 0) return 0;
    const ours = this.#lease.waitMs(amount);
    if (ours === undefined) return this.#model.waitMs(amount);
    if (ours > 0) this.#model.waits();
    return Math.max(ours, this.#model.spreadMs(amount));
  }

  awaitsLease(amount: number): boolean {
    return (this.#lease.level ?? Infinity) >= amount;
  }

  take(amount: number, sequence: number): void {
    this.#model.take(amount, sequence);
    this.#lease.take(amount);
  }

  trueUp(amount: number, now: number, sequence?: number): boolean {
    const givesBack = this.#model.trueUp(amount, now, sequence);
    if (givesBack) this.#lease.giveBack(amount);
    return givesBack;
  }

  neverCounted(sequence: number, amount: number): void {
    this.#model.neverCounted(sequence, amount);
    this.#lease.giveBack(amount);
  }

  observe(seen: Observation, now: number): boolean {
    const before = this.#model.sample;
    const changed = this.#model.observe(seen, now);
    const { sample } = this.#model;
    if (sample && sample !== before) this.#lease.told(sample);
    if (changed) this.#lease.changed();
    return changed;
  }

  refused(refusal: Contradiction, remaining: number | undefined, since: number, waitMs: number, now: number): number {
    const level = this.#model.refused(refusal, remaining, since, waitMs, now);
    this.#lease.refused(level);
    return level;
  }

  // Learning about the limit does not depend on who spends it.

  refill(now: number): void {
    this.#model.refill(now);
  }

  leastWaitMs(amount: number): number {
    return this.#model.leastWaitMs(amount);
  }

  neverFits(amount: number): boolean {
    return this.#model.neverFits(amount);
  }

  anyRefused(sequence: number): void {
    this.#model.anyRefused(sequence);
  }

  accepted(amount: number, reserved: number, sentAt: number, now: number): void {
    this.#model.accepted(amount, reserved, sentAt, now);
  }

  burstIs(burst: number, now: number): void {
    this.#model.burstIs(burst, now);
  }

  adopt(limit: number, burst: number, now: number): void {
    this.#model.adopt(limit, burst, now);
  }

  adoptRate(rate: number, now: number): void {
    this.#model.adoptRate(rate, now);
  }

  snapshot(now: number): DimensionSnapshot {
    return this.#model.snapshot(now);
  }

  get dimension(): BucketDimension {
    return this.#model.dimension;
  }

  get kind(): LimitKind {
    return this.#model.kind;
  }

  get limit(): number {
    return this.#model.limit;
  }

  get source(): LimitSource {
    return this.#model.source;
  }

  get level(): number {
    return this.#model.level;
  }

  get full(): number {
    return this.#model.full;
  }

  get limitRate(): number {
    return this.#model.limitRate;
  }

  get rate(): number {
    return this.#model.rate;
  }

  get observed(): boolean {
    return this.#model.observed;
  }

  get refills(): boolean {
    return this.#model.refills;
  }

  get suspect(): boolean {
    return this.#model.suspect;
  }

  get gauged(): boolean {
    return this.#model.gauged;
  }

  get shared(): boolean {
    return this.#model.shared;
  }

  get beliefs(): LimitFacts['beliefs'] {
    return this.#model.beliefs;
  }

  get countedShare(): LimitFacts['countedShare'] {
    return this.#model.countedShare;
  }
}
