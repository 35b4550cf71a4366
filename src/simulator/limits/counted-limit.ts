import { EPSILON } from './epsilon.ts';
import type { LimitScope, Neighbour } from './limit-engine-types.ts';
import { capacityOf, createLimitModel, type LimitModelSetup } from './create-limit-model.ts';
import type { LimitModel, LimitModelKind } from './limit-model.ts';
import { type LimitLevel, type LimitView, limitLevel } from './limit-view.ts';
import type { LimitName } from './limits.ts';

/** One limit of one account: the counter, and the state that headers describe. */
export class CountedLimit {
  readonly name: LimitName;
  limit: number;
  readonly windowMs: number;
  readonly model: LimitModel;
  readonly #kind: LimitModelKind;
  #touched: boolean;
  #at: number;
  /** Counts the same usage for the headers of another scope. */
  readonly #stated: { readonly model: LimitModel; readonly scope: LimitScope } | undefined;

  constructor(name: LimitName, setup: LimitModelSetup, scope: LimitScope | undefined) {
    this.name = name;
    this.limit = setup.limit;
    this.windowMs = setup.windowMs;
    this.model = createLimitModel(setup);
    this.#kind = setup.kind;
    this.#touched = setup.fill < 1;
    this.#at = setup.now;
    this.#stated = scope && { scope, model: createLimitModel({ ...setup, limit: setup.limit * scope.factor }) };
  }

  advance(now: number, neighbour: Neighbour | undefined): void {
    if (now <= this.#at) return;
    const overlap = neighbour
      ? Math.max(0, Math.min(now, neighbour.untilMs) - Math.max(this.#at, neighbour.fromMs))
      : 0;
    this.model.advance(now, (neighbour?.share ?? 0) * overlap * this.model.ratePerMs);
    if (this.#stated) {
      const { model, scope } = this.#stated;
      model.advance(now, scope.othersShare * (now - this.#at) * model.ratePerMs);
    }
    this.#at = now;
  }

  /** Whether `need` can be spent now. A need above the part of the window needs that whole part. */
  fits(need: number): boolean {
    return this.model.waitMs(need, this.#at) === 0;
  }

  get level(): number {
    return this.model.available(this.#at);
  }

  /** @param since When the corrected units were spent. */
  spend(units: number, since?: number): void {
    if (units === 0) return;
    this.model.spend(units, this.#at, since);
    this.#stated?.model.spend(units, this.#at, since);
    this.#touched = true;
  }

  /** Units that a provider would print as "Used", fractions rounded up. */
  get used(): number {
    return Math.ceil(this.limit - this.level - EPSILON);
  }

  /**
   * Milliseconds until `need` fits: of a bucket `(Used + Requested − Limit) / (Limit / window)`.
   * With `whole` the calculation uses the printed integer, as OpenAI's messages do; else the exact level.
   */
  waitMs(need: number, whole: boolean): number {
    // A provider that does not say "too large" hints at a wait that never suffices.
    if (need > this.limit) return (need - this.level) / this.model.ratePerMs;
    const exact = this.model.waitMs(need, this.#at);
    if (!whole || exact === 0 || this.#kind !== 'bucket') return exact;
    return exact + (this.level - (this.limit - this.used)) / this.model.ratePerMs;
  }

  statedLevel(view: LimitView): LimitLevel {
    const { name, limit } = this;
    const stated = { name, limit: limit * (this.#stated?.scope.factor ?? 1), touched: this.#touched };
    return limitLevel({ ...stated, model: this.#stated?.model ?? this.model }, view, this.#at);
  }

  /** A changed limit keeps what was used. */
  resize(limit: number, burstMs: number): void {
    this.limit = limit;
    const resize = (model: LimitModel, units: number): void =>
      model.resize(capacityOf(units, this.windowMs, burstMs), units / this.windowMs, this.#at, 'used');
    resize(this.model, limit);
    if (this.#stated) resize(this.#stated.model, limit * this.#stated.scope.factor);
  }
}
