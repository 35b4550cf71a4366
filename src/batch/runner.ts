import { systemClock } from '../core/clock.ts';
import { engine } from '../engine.ts';
import { BatchError } from './batch-error.ts';
import { CallMeter, type ItemMeter } from './call-meter.ts';
import { contentKey } from './item-key.ts';
import { type Slot, Slots } from './item-slot.ts';
import type { Journal, JournalEntry } from './journal.ts';
import type { BatchWorker, ItemContext, ResolvedBatchOptions } from './options.ts';
import { type BatchSnapshot, Progress } from './progress.ts';
import { RecentAnswers } from './recent-answers.ts';
import type { BatchResult } from './result.ts';
import { restoreError, saveError } from './saved-error.ts';
import { WarmPrefixes } from './warm-prefixes.ts';

/** Finished items that are kept in memory while an earlier one is at work; more are left to the journal. */
const MOST_HELD = 64;

/** Answers that may wait for the disk before no further item is begun: what a power cut can cost. */
const MOST_UNSAVED = 64;

/** Finished items that a share of failures is told from. */
const SHARE_FROM = 20;

type Source<I> = AsyncIterator<I> | Iterator<I>;

/** Pulls items, runs workers, and hands their results over: no further ahead of the reader than the window. */
export class Runner<I, O> {
  readonly #source: Source<I>;
  readonly #worker: BatchWorker<I, O>;
  readonly #options: ResolvedBatchOptions<I>;
  readonly #journal: Journal | undefined;
  readonly #meter: CallMeter;
  readonly #progress = new Progress(systemClock.now());
  readonly #slots: Slots<O>;
  readonly #abort = new AbortController();
  readonly #recent: RecentAnswers<O>;
  readonly #prefixes = new WarmPrefixes();
  #pulled = 0;
  #held = 0;
  #unsaved = 0;
  #called = 0;
  #failures = 0;
  #pulling = false;
  #exhausted = false;
  #stopped: { readonly cause: unknown } | undefined;
  #failed: { readonly error: unknown } | undefined;
  #wake: (() => void) | undefined;

  constructor(
    source: Source<I>,
    worker: BatchWorker<I, O>,
    options: ResolvedBatchOptions<I>,
    journal: Journal | undefined,
  ) {
    this.#source = source;
    this.#worker = worker;
    this.#options = options;
    this.#journal = journal;
    this.#slots = new Slots(options.order === 'input');
    this.#recent = new RecentAnswers(options.dedupe, journal !== undefined);
    this.#meter = new CallMeter(options.guard ?? engine().defaultGuard());
  }

  /** Starts no further item; what is in flight is finished. */
  stop(cause?: unknown): void {
    this.#stopped ??= { cause };
    this.#wake?.();
  }

  snapshot(): BatchSnapshot {
    const lanes = (this.#options.guard ?? engine().defaultGuard()).snapshot();
    const own = lanes.filter(({ lane }) => this.#meter.lanes.has(lane));
    const total = this.#exhausted ? this.#pulled : this.#options.total;
    return this.#progress.snapshot(systemClock.now(), total, own);
  }

  async *results(): AsyncGenerator<BatchResult<O>, void, undefined> {
    const { signal } = this.#options;
    const aborted = (): void => this.#fail(signal!.reason);
    try {
      signal?.throwIfAborted();
      signal?.addEventListener('abort', aborted, { once: true });
      for (;;) {
        void this.#pump();
        const slot = await this.#next();
        if (!slot) break;
        if (slot.result) this.#held--;
        yield slot.result ?? (await this.#restore(slot));
      }
      if (this.#stopped) throw stopped(this.#stopped.cause);
    } finally {
      signal?.removeEventListener('abort', aborted);
      // A reader that left early, an abort, a broken disk: nobody wants what is still in flight.
      this.#failed ??= { error: undefined };
      this.#abort.abort(this.#failed.error ?? new BatchError('batch_stopped', 'The results of the run were left.'));
      this.#meter.close();
      await this.#closeSource();
      await this.#journal?.close();
    }
  }

  async #next(): Promise<Slot<O> | undefined> {
    for (;;) {
      if (this.#failed) throw this.#failed.error;
      const slot = this.#slots.take();
      if (slot) return slot;
      // An item that is pulled after a stop is not begun, so that nobody waits for it.
      const last = this.#stopped !== undefined || (this.#exhausted && !this.#pulling);
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
        !this.#exhausted &&
        !this.#stopped &&
        !this.#failed &&
        this.#progress.inFlight < maxConcurrent &&
        this.#slots.size < window &&
        this.#unsaved < MOST_UNSAVED
      ) {
        const step = await this.#source.next();
        if (step.done === true) this.#exhausted = true;
        else if (!this.#stopped && !this.#failed) this.#begin(step.value);
      }
    } catch (error) {
      this.#exhausted = true;
      this.#fail(error);
    } finally {
      this.#pulling = false;
      this.#wake?.();
    }
  }

  #begin(item: I): void {
    const options = this.#options;
    const index = this.#pulled++;
    const id = options.id ? options.id(item, index) : String(index);
    const slot: Slot<O> = { index, id, result: undefined, entry: undefined, source: 'called' };
    this.#slots.add(slot);
    const keyed = options.dedupe || this.#journal !== undefined;
    const content = keyed ? contentKey(options.key(item, index)) : '';
    // Without dedupe each item answers for itself, equal or not.
    const key = options.dedupe ? content : `${index}:${content}`;
    const entry = this.#journal?.find(key);
    if (entry && (entry.status === 'ok' || options.journal?.retryFailed !== true)) {
      slot.source = 'journal';
      this.#finish(slot, undefined, entry);
      return;
    }
    const known = this.#recent.join(key, (result, entry) => {
      slot.source = 'duplicate';
      this.#finish(slot, result && { ...result, index, id, source: 'duplicate', attempts: 0, usage: undefined }, entry);
    });
    if (!known) void this.#run(item, slot, key, options.prefix?.(item, index));
  }

  async #run(item: I, slot: Slot<O>, key: string, prefix: string | undefined): Promise<void> {
    const { index, id } = slot;
    this.#progress.inFlight++;
    const outcome = await this.#work(item, { index, id, signal: this.#abort.signal }, prefix);
    this.#progress.inFlight--;
    if (this.#failed) return;
    this.#called++;
    // Before the disk has it: what comes next would be sent meanwhile.
    if (outcome.status === 'error') this.#countFailure(outcome.error);
    const { attempts, usage } = outcome;
    const result: BatchResult<O> = { index, id, source: 'called', ...outcome };
    let entry: JournalEntry | undefined;
    if (this.#journal) {
      this.#unsaved++;
      void this.#pump();
      try {
        const content =
          result.status === 'ok'
            ? { status: result.status, value: result.value }
            : { status: result.status, error: saveError(result.error) };
        entry = await this.#journal.append({ key, index, id, ...content, attempts, usage });
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

  async #work(
    item: I,
    context: ItemContext,
    prefix: string | undefined,
  ): Promise<
    Pick<ItemMeter, 'attempts' | 'usage'> & ({ status: 'ok'; value: O } | { status: 'error'; error: unknown })
  > {
    const warmed = prefix === undefined ? undefined : await this.#prefixes.enter(prefix);
    const meter: ItemMeter = { attempts: 0, usage: undefined, onFirstContent: warmed && (() => warmed(true)) };
    const startedAt = systemClock.now();
    const work = (): O | PromiseLike<O> => this.#worker(item, context);
    try {
      const value = await this.#meter.run(meter, () =>
        engine().withCall({ priority: this.#options.priority }, async () => work()),
      );
      warmed?.(true);
      return { status: 'ok', value, attempts: meter.attempts, usage: meter.usage };
    } catch (error) {
      warmed?.(false);
      return { status: 'error', error, attempts: meter.attempts, usage: meter.usage };
    } finally {
      this.#progress.called(meter.attempts, meter.usage, systemClock.now() - startedAt);
    }
  }

  /** Of this run only: failures that the journal holds have been seen. */
  #countFailure(error: unknown): void {
    const { stopAfter } = this.#options;
    this.#failures++;
    const enough =
      stopAfter < 1
        ? this.#called >= SHARE_FROM && this.#failures >= stopAfter * this.#called
        : this.#failures >= stopAfter;
    if (enough) this.stop(error);
  }

  #finish(slot: Slot<O>, result: BatchResult<O> | undefined, entry: JournalEntry | undefined): void {
    this.#progress.done++;
    if ((result ?? entry)!.status === 'error') this.#progress.failed++;
    if (slot.source !== 'called') this.#progress.reused++;
    slot.entry = entry;
    // What waits behind a slow one is on the disk anyway.
    const keep = entry === undefined || this.#held < MOST_HELD || this.#slots.isNext(slot);
    if (result && keep) {
      slot.result = result;
      this.#held++;
    }
    this.#slots.finished(slot);
    this.#wake?.();
  }

  async #restore({ index, id, entry, source }: Slot<O>): Promise<BatchResult<O>> {
    const row = await this.#journal!.read(entry!);
    const of = { index, id, source, attempts: row.attempts, usage: row.usage };
    return row.status === 'ok'
      ? { ...of, status: 'ok', value: row.value as O }
      : { ...of, status: 'error', error: restoreError(row.error!) };
  }

  #fail(error: unknown): void {
    this.#failed ??= { error };
    this.#abort.abort(error);
    this.#wake?.();
  }

  async #closeSource(): Promise<void> {
    if (this.#exhausted) return;
    try {
      // Not awaited: a generator that is in the middle of a wait would hold up the abort.
      void Promise.resolve(this.#source.return?.()).catch(() => undefined);
    } catch {
      // Its own affair: the run is over.
    }
  }
}

function stopped(cause: unknown): BatchError {
  const message = 'The run was stopped before its end; what was in flight has been finished.';
  return new BatchError('batch_stopped', message, cause === undefined ? undefined : { cause });
}
