import { systemClock } from '../core/clock.ts';
import { followRun } from '../core/live-runs.ts';
import { disown } from '../core/user-value.ts';
import { engine } from '../engine.ts';
import { TidegateOptionError } from '../errors.ts';
import { Journal } from './journal.ts';
import {
  type BatchOptions,
  type BatchWorker,
  type JournalOptions,
  resolveBatchOptions,
  type ResolvedBatchOptions,
} from './options.ts';
import type { BatchSnapshot } from './progress.ts';
import type { BatchResult } from './result.ts';
import { Runner } from './runner.ts';

type Items<I> = Iterable<I> | AsyncIterable<I>;

/** A run. It can be read once, as an async iterable or as a promise of all results, and starts when it is read. */
export interface BatchRun<O> extends AsyncIterable<BatchResult<O>>, PromiseLike<BatchResult<O>[]> {
  /** Progress so far; undefined before the run has started. */
  snapshot(): BatchSnapshot | undefined;
  /**
   * Starts no further item. Those in flight finish and are reported; then the run ends with a `BatchError` of code
   * `batch_stopped`.
   */
  stop(): void;
}

export type OpenJournal = (options: JournalOptions) => Promise<Journal>;

const PROGRESS_MS = 250;

/**
 * Runs a worker for every item. The lanes of the guarded clients that it uses decide how many calls are sent: there is no
 * concurrency to guess. An item whose worker throws yields a result with `status: 'error'`; the others continue.
 *
 * @throws TidegateOptionError for a bad option. The run itself rejects with the signal's reason, an error of the items'
 * iterator or of the file system, or a BatchError.
 * @example
 * import { batch } from 'tidegate/batch';
 * for await (const row of batch(emails, (email, { signal }) => classify(email, signal), { journal: 'run.jsonl' })) {
 *   console.log(row.id, row.status === 'ok' ? row.value : row.error);
 * }
 */
export function batch<I, O>(items: Items<I>, worker: BatchWorker<I, O>, options: BatchOptions<I> = {}): BatchRun<O> {
  return batchWith(items, worker, options, (of) => Journal.open(of));
}

/** Like `batch`, with a journal that the caller opens. */
export function batchWith<I, O>(
  items: Items<I>,
  worker: BatchWorker<I, O>,
  options: BatchOptions<I>,
  openJournal: OpenJournal,
): BatchRun<O> {
  const resolved = resolveBatchOptions(options);
  if (typeof worker !== 'function') throw new TidegateOptionError('worker', 'a function', worker);
  const next = iteratorOf(items);
  return new Run(next, worker, { ...resolved, total: resolved.total ?? sizeOf(items) }, openJournal);
}

class Run<I, O> implements BatchRun<O> {
  readonly #items: () => AsyncIterator<I> | Iterator<I>;
  readonly #worker: BatchWorker<I, O>;
  readonly #options: ResolvedBatchOptions<I>;
  readonly #openJournal: OpenJournal;
  #runner: Runner<I, O> | undefined;
  #begun = false;
  #stopped = false;

  constructor(
    items: () => AsyncIterator<I> | Iterator<I>,
    worker: BatchWorker<I, O>,
    options: ResolvedBatchOptions<I>,
    openJournal: OpenJournal,
  ) {
    this.#items = items;
    this.#worker = worker;
    this.#options = options;
    this.#openJournal = openJournal;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<BatchResult<O>, void, undefined> {
    if (this.#begun) throw new TypeError('The results of a batch can be read once.');
    this.#begun = true;
    const { journal, signal } = this.#options;
    signal?.throwIfAborted();
    const opened = journal && (await this.#openJournal(journal));
    const runner = new Runner(this.#items(), this.#worker, this.#options, opened);
    this.#runner = runner;
    if (this.#stopped) runner.stop();
    const quiet = this.#report(runner);
    const unfollow = followRun(this.#options.guard ?? engine().defaultGuard(), () => runner.snapshot());
    try {
      yield* runner.results();
    } finally {
      unfollow();
      quiet();
    }
  }

  // oxlint-disable-next-line unicorn/no-thenable -- Awaiting a run is one of its two ways of reading.
  then<A = BatchResult<O>[], B = never>(
    done?: ((results: BatchResult<O>[]) => A | PromiseLike<A>) | null,
    failed?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    // oxlint-disable-next-line promise/no-callback-in-promise -- The callbacks that `then` was given.
    return this.#all().then(done, failed);
  }

  async #all(): Promise<BatchResult<O>[]> {
    const results: BatchResult<O>[] = [];
    for await (const result of this) results.push(result);
    return results;
  }

  snapshot(): BatchSnapshot | undefined {
    return this.#runner?.snapshot();
  }

  stop(): void {
    this.#stopped = true;
    this.#runner?.stop();
  }

  #report(runner: Runner<I, O>): () => void {
    const { onProgress } = this.#options;
    if (!onProgress) return () => undefined;
    const tell = (): void => {
      try {
        disown(onProgress(runner.snapshot()));
      } catch {
        // The listener is the application's code: its errors do not end the run.
      }
    };
    let cancel: () => void;
    const tick = (): void => {
      tell();
      cancel = systemClock.after(PROGRESS_MS, tick, { unref: true });
    };
    cancel = systemClock.after(PROGRESS_MS, tick, { unref: true });
    return () => {
      cancel();
      tell();
    };
  }
}

function iteratorOf<I>(items: Items<I>): () => AsyncIterator<I> | Iterator<I> {
  const either = items as Partial<AsyncIterable<I> & Iterable<I>> | null | undefined;
  if (typeof either?.[Symbol.asyncIterator] === 'function') return () => either[Symbol.asyncIterator]!();
  if (typeof either?.[Symbol.iterator] === 'function') return () => either[Symbol.iterator]!();
  throw new TidegateOptionError('items', 'an iterable or an async iterable', items);
}

function sizeOf(items: unknown): number | undefined {
  if (Array.isArray(items)) return items.length;
  return items instanceof Set || items instanceof Map ? items.size : undefined;
}
