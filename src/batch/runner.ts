import { systemClock } from '../core/clock.ts';
import type { LaneSnapshot } from '../core/snapshot.ts';
import { engine } from '../engine.ts';
import type { Guard } from '../guard.ts';
import { costOf } from './call-meter.ts';
import { CostBudget } from './cost-budget.ts';
import { FailureLimit } from './failure-limit.ts';
import { contentKey } from './item-key.ts';
import { type Slot, Slots } from './item-slot.ts';
import { type Items, ItemSource } from './item-source.ts';
import { ItemWork } from './item-work.ts';
import type { Journal, JournalEntry } from './journal.ts';
import { restoreResult, saveResult } from './journal-results.ts';
import { LimitsKeeper } from './limits-keeper.ts';
import type { BatchWorker, ResolvedBatchOptions } from './options.ts';
import { type BatchSnapshot, Progress } from './progress.ts';
import { RecentAnswers } from './recent-answers.ts';
import type { BatchResult } from './result.ts';
import { RunEnd } from './run-end.ts';

/**
 * Maximum size of finished results kept in memory behind a slower item; further ones are read back from the journal.
 */
const MAX_HELD_BYTES = 4e6;

/** Answers waiting to be written at which no further item starts. They bound what a power cut can lose. */
const MAX_UNSAVED = 64;

/** A duplicate is answered by an identical item, without a call of its own. */
const DUPLICATE = { source: 'duplicate', attempts: 0, usage: undefined, costUsd: undefined } as const;

interface Begun<I, O> {
  readonly item: I;
  readonly slot: Slot<O>;
  readonly key: string;
  readonly prefixes: readonly string[] | undefined;
  readonly worstUsd: number | undefined;
}

/** Pulls items, runs workers and yields results, at most `window` items ahead of the reader. */
export class Runner<I, O> {
  readonly #source: ItemSource<I>;
  readonly #options: ResolvedBatchOptions<I>;
  readonly #journal: Journal | undefined;
  readonly #work: ItemWork<I, O>;
  readonly #progress = new Progress(systemClock.now());
  readonly #limits: LimitsKeeper | undefined;
  readonly #slots: Slots<O>;
  readonly #failures: FailureLimit;
  readonly #budget: CostBudget | undefined;
  readonly #end = new RunEnd();
  readonly #recent: RecentAnswers<O>;
  #heldBytes = 0;
  #unsaved = 0;
  #pulling = false;
  #wake: (() => void) | undefined;

  constructor(
    items: Items<I>,
    worker: BatchWorker<I, O>,
    options: ResolvedBatchOptions<I>,
    journal: Journal | undefined,
  ) {
    this.#source = new ItemSource(items);
    this.#options = options;
    this.#journal = journal;
    this.#slots = new Slots(options.order === 'input');
    this.#recent = new RecentAnswers(options.dedupe, journal !== undefined);
    this.#work = new ItemWork(worker, options, this.#progress);
    this.#failures = new FailureLimit(options.stopAfter);
    const spent = journal?.spent;
    if (spent) this.#progress.spent(spent);
    if (journal) this.#limits = new LimitsKeeper(journal, this.#guard, this.#work.lanes, systemClock);
    if (options.budget) this.#budget = new CostBudget(options.budget.maxUsd, spent?.chargedUsd ?? 0);
  }

  /** Starts no further item; those in flight finish. */
  stop(cause?: unknown): void {
    this.#end.stop(cause);
    this.#stopped();
  }

  #stopped(): void {
    this.#budget?.close();
    this.#wake?.();
  }

  snapshot(): BatchSnapshot {
    const { exhausted, pulled } = this.#source;
    const total = exhausted ? pulled : this.#options.total;
    return this.#progress.snapshot(systemClock.now(), total, this.#lanes(), this.#budget?.reservedUsd);
  }

  /** Lanes that the run's calls go to. */
  #lanes(): LaneSnapshot[] {
    const { lanes } = this.#work;
    return lanes.size === 0 ? [] : this.#guard.snapshot().filter(({ lane }) => lanes.has(lane));
  }

  get #guard(): Guard {
    return this.#options.guard ?? engine().defaultGuard();
  }

  async *results(): AsyncGenerator<BatchResult<O>, void, undefined> {
    const { signal } = this.#options;
    const aborted = (): void => this.#fail(signal!.reason);
    try {
      signal?.throwIfAborted();
      signal?.addEventListener('abort', aborted, { once: true });
      for (;;) {
        const slot = await this.#next();
        if (!slot) break;
        if (slot.result) this.#heldBytes -= slot.entry?.bytes ?? 0;
        yield slot.result ?? (await restoreResult(this.#journal!, slot));
      }
      this.#end.throwIfStopped();
    } finally {
      signal?.removeEventListener('abort', aborted);
      // After an early exit of the reader, an abort or a disk error, the items in flight are no longer needed.
      this.#end.leave();
      this.#work.close();
      this.#source.leave();
      this.#limits?.keep();
      await this.#journal?.close();
    }
  }

  async #next(): Promise<Slot<O> | undefined> {
    for (;;) {
      this.#end.throwIfFailed();
      // A finished item frees its slot, even while its result waits behind a slower one.
      void this.#pump();
      const slot = this.#slots.take();
      if (slot) return slot;
      // An item pulled after a stop is never started, so there is nothing to wait for.
      const last = this.#end.stopped || (this.#source.exhausted && !this.#pulling);
      if (last && this.#slots.size === 0) return undefined;
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  async #pump(): Promise<void> {
    if (this.#pulling) return;
    this.#pulling = true;
    const { maxConcurrent, window } = this.#options;
    try {
      while (
        !this.#source.exhausted &&
        !this.#end.over &&
        this.#progress.inFlight < maxConcurrent &&
        this.#slots.size < window &&
        this.#budget?.full !== true &&
        this.#unsaved < MAX_UNSAVED
      ) {
        const next = await this.#pull();
        if (next && !this.#end.over) this.#begin(next.item, next.index);
      }
    } catch (error) {
      this.#fail(error);
    } finally {
      this.#pulling = false;
      this.#wake?.();
    }
  }

  async #pull(): ReturnType<ItemSource<I>['next']> {
    try {
      return await this.#source.next();
    } catch (error) {
      // Let the items in flight finish: they are billed anyway.
      this.#end.cut(error);
      this.#stopped();
      return undefined;
    }
  }

  #begin(item: I, index: number): void {
    const options = this.#options;
    const id = options.id ? options.id(item, index) : String(index);
    const slot: Slot<O> = { index, id, result: undefined, entry: undefined, source: 'called' };
    this.#slots.add(slot);
    const keyed = options.dedupe || this.#journal !== undefined;
    const content = keyed ? this.#keyOf(item, index) : '';
    // Without dedupe, identical items need separate keys.
    const key = options.dedupe ? content : `${index}:${content}`;
    const entry = this.#journal?.find(key);
    if (entry && (entry.status === 'ok' || options.journal?.retryFailed !== true)) {
      slot.source = 'journal';
      this.#finish(slot, undefined, entry);
      return;
    }
    const known = this.#recent.join(key, (result, entry) => {
      slot.source = 'duplicate';
      this.#finish(slot, result && { ...result, index, id, ...DUPLICATE }, entry);
    });
    if (known) return;
    const prefixes = options.prefix?.(item, index);
    const worstUsd = options.budget?.worstCost(item, index);
    const start = (): void => void this.#run({ item, slot, key, prefixes, worstUsd });
    if (this.#budget === undefined) return start();
    this.#budget.enter(id, worstUsd, start, (why) => {
      this.#slots.drop(slot);
      if (why) this.stop(why);
    });
  }

  #keyOf(item: I, index: number): string {
    const { key, unkeyed } = this.#options;
    const value = key(item, index);
    return contentKey(value, () => unkeyed(value, index));
  }

  async #run({ item, slot, key, prefixes, worstUsd }: Begun<I, O>): Promise<void> {
    const { index, id } = slot;
    this.#progress.inFlight++;
    const onLost = (): void => this.#budget?.lost(worstUsd ?? 0);
    const context = { index, id, signal: this.#end.signal };
    const { took, ...outcome } = await this.#work.run(item, context, prefixes, onLost);
    this.#progress.inFlight--;
    const chargedUsd = this.#budget?.settle(worstUsd ?? 0, took);
    if (chargedUsd !== undefined) this.#progress.possiblySpent(chargedUsd - took.costUsd);
    if (this.#end.failed) return;
    // Checked before the result is saved: otherwise more items would start during the write.
    const enough = this.#failures.ended(outcome.status);
    if (enough && outcome.status === 'error') this.stop(outcome.error);
    const { attempts, usage } = took;
    const of = { index, id, source: 'called', attempts, usage, costUsd: costOf(took) } as const;
    const result: BatchResult<O> = { ...of, ...outcome };
    let entry: JournalEntry | undefined;
    if (this.#journal) {
      this.#unsaved++;
      this.#limits?.rowEnded();
      void this.#pump();
      try {
        entry = await saveResult(this.#journal, key, result, chargedUsd);
      } catch (error) {
        this.#fail(error);
        return;
      } finally {
        this.#unsaved--;
      }
    }
    this.#finish(slot, result, entry);
    this.#recent.settle(key, result, entry);
  }

  #finish(slot: Slot<O>, result: BatchResult<O> | undefined, entry: JournalEntry | undefined): void {
    this.#progress.done++;
    if ((result ?? entry)!.status === 'error') this.#progress.failed++;
    if (slot.source !== 'called') this.#progress.reused++;
    slot.entry = entry;
    // Further results that wait behind a slow item are read back from the journal.
    const bytes = entry?.bytes ?? 0;
    if (result && (this.#heldBytes + bytes <= MAX_HELD_BYTES || this.#slots.isNext(slot))) {
      slot.result = result;
      this.#heldBytes += bytes;
    }
    this.#slots.finished(slot);
    this.#wake?.();
  }

  #fail(error: unknown): void {
    this.#end.fail(error);
    this.#wake?.();
  }
}
