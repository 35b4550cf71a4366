import type { Priority } from '../core/admission.ts';
import { TidegateOptionError } from '../errors.ts';
import type { Guard } from '../guard.ts';
import { section, withMethods } from '../options/checks.ts';
import { contentKey } from './item-key.ts';
import type { BatchSnapshot } from './progress.ts';
import { costOf, idOf, prefixOf, type Unkeyed, unkeyed } from './user-functions.ts';

/** What a worker is told of its item. */
export interface ItemContext {
  readonly index: number;
  readonly id: string;
  /** Aborted with the run: pass it on to the call. */
  readonly signal: AbortSignal;
}

export type BatchWorker<I, O> = (item: I, context: ItemContext) => O | PromiseLike<O>;

export interface JournalOptions {
  /** The file; made where there is none, continued where there is one. A `.lock` beside it stops a second run. */
  readonly path: string;
  /** What all answers depend on beside the item: model, prompt, sampling. A run with others is refused. */
  readonly parameters?: unknown;
  /** Goes on with other `parameters`: what is done stays, the rest is done with the new ones. Default false. */
  readonly acceptChanges?: boolean;
  /** Runs items again that have failed. Default false. */
  readonly retryFailed?: boolean;
}

export interface BatchOptions<I> {
  /** Results as the items came, or as they are finished. Default 'input'. */
  readonly order?: 'input' | 'completion';
  /**
   * Workers at once: an upper bound, since the lanes decide how many calls are sent. 1 … 1 000 000, default 1 000.
   */
  readonly maxConcurrent?: number;
  /**
   * Items that may be begun and not yet taken by the reader. From `maxConcurrent` to 10 000 000; default four times
   * `maxConcurrent`, or forty times with a journal, which holds the finished ones.
   */
  readonly window?: number;
  /** 'stop' starts no further item after the first failure, as `stopAfter: 1`. Default 'collect'. */
  readonly onError?: 'collect' | 'stop';
  /**
   * Failures after which no further item is started: a count from 1, or a share below 1 of the items that were called, told
   * from 20 of them on. What the journal has counts neither way. Default: none.
   */
  readonly stopAfter?: number;
  /** Ends the run at once. */
  readonly signal?: AbortSignal;
  /** Priority of the calls that workers make. Default 'batch': after every other call of the lane. */
  readonly priority?: Priority;
  /** Calls equal items once and gives all of them the answer. Default true. */
  readonly dedupe?: boolean;
  /**
   * What makes an item equal to another, for `dedupe` and the journal; plain data. Default: the item. One that is no plain data (a
   * file, a map, a function) equals no other; with a journal, or from this function, it ends the run.
   */
  readonly key?: (item: I, index: number) => unknown;
  /** Names an item in results. Default: the index. */
  readonly id?: (item: I, index: number) => string;
  /**
   * Names the beginning that an item's prompt shares with others: one of them goes first, the others when its answer has
   * begun, so that they find it in the provider's prompt cache. Several are from the shortest to the longest. Default: none.
   */
  readonly prefix?: (item: I, index: number) => string | readonly string[] | undefined;
  /** File that makes the run resumable: its answers are kept there, and found again. Values are kept as JSON. */
  readonly journal?: string | JournalOptions;
  /** Items in all, for the estimate; known of arrays, maps and sets. */
  readonly total?: number;
  /** Hears how far the run is: at most four times a second, and at its end. What it throws is dropped. */
  readonly onProgress?: (snapshot: BatchSnapshot) => void;
  /**
   * USD that the run may spend, with what earlier runs of its journal have spent. Before an item is called its `worstCost` is set
   * aside; where that does not fit beside what is in flight, it waits, and at the end the run stops with `batch_budget`.
   */
  readonly maxCost?: number;
  /** The most that an item may cost in USD: `worstCost()` tells it of a request. Needed with `maxCost`. */
  readonly worstCost?: (item: I, index: number) => number | undefined;
  /** The guard of the clients that workers use, for attempts, usage and the estimate. Default: the default guard. */
  readonly guard?: Guard;
}

export interface ResolvedBatchOptions<I> {
  readonly order: 'input' | 'completion';
  readonly maxConcurrent: number;
  readonly window: number;
  readonly stopAfter: number;
  readonly priority: Priority;
  readonly dedupe: boolean;
  readonly key: (item: I, index: number) => unknown;
  readonly unkeyed: Unkeyed;
  readonly journal: JournalOptions | undefined;
  readonly id: BatchOptions<I>['id'] | undefined;
  readonly prefix: ((item: I, index: number) => readonly string[]) | undefined;
  readonly signal: AbortSignal | undefined;
  readonly onProgress: BatchOptions<I>['onProgress'] | undefined;
  readonly total: number | undefined;
  readonly guard: Guard | undefined;
  readonly budget:
    | { readonly maxUsd: number; readonly worstCost: (item: I, index: number) => number | undefined }
    | undefined;
}

const KEYS: readonly (keyof BatchOptions<unknown>)[] = [
  'order',
  'maxConcurrent',
  'window',
  'onError',
  'stopAfter',
  'signal',
  'priority',
  'dedupe',
  'key',
  'id',
  'prefix',
  'journal',
  'total',
  'onProgress',
  'guard',
  'maxCost',
  'worstCost',
];

/** @throws TidegateOptionError for a bad option. */
export function resolveBatchOptions<I>(given: BatchOptions<I>): ResolvedBatchOptions<I> {
  const options = section(given, 'options', KEYS, 'options of batch()');
  const maxConcurrent = integer(options.maxConcurrent, 'maxConcurrent', 1, 1_000_000) ?? 1_000;
  const onError = oneOf(options.onError, 'onError', ['collect', 'stop']) ?? 'collect';
  for (const name of ['key', 'id', 'prefix', 'onProgress'] as const) typed(options[name], name, 'function');
  withMethods(options.signal, 'signal', 'an AbortSignal', ['addEventListener', 'throwIfAborted']);
  withMethods(options.guard, 'guard', 'a guard', ['on', 'snapshot']);
  typed(options.dedupe, 'dedupe', 'boolean');
  const journal = resolveJournal(options.journal);
  return {
    order: oneOf(options.order, 'order', ['input', 'completion']) ?? 'input',
    maxConcurrent,
    window: integer(options.window, 'window', maxConcurrent, 10_000_000) ?? maxConcurrent * (journal ? 40 : 4),
    stopAfter: stopAfter(options.stopAfter) ?? (onError === 'stop' ? 1 : Infinity),
    priority: oneOf(options.priority, 'priority', ['interactive', 'normal', 'batch']) ?? 'batch',
    dedupe: options.dedupe ?? true,
    key: options.key ?? ((item) => item),
    unkeyed: unkeyed(options.key !== undefined, journal !== undefined),
    id: options.id && idOf(options.id),
    prefix: options.prefix && prefixOf(options.prefix),
    signal: options.signal,
    onProgress: options.onProgress,
    journal,
    total: integer(options.total, 'total', 0, Number.MAX_SAFE_INTEGER),
    guard: options.guard,
    budget: resolveBudget(options),
  };
}

function resolveBudget<I>({ maxCost, worstCost }: BatchOptions<I>): ResolvedBatchOptions<I>['budget'] {
  typed(worstCost, 'worstCost', 'function');
  if (maxCost === undefined) return undefined;
  if (typeof maxCost !== 'number' || !(maxCost > 0 && maxCost < Infinity)) {
    throw new TidegateOptionError('maxCost', 'an amount in USD above 0', maxCost);
  }
  if (!worstCost) throw new TidegateOptionError('worstCost', 'a function, since there is a maxCost', worstCost);
  return { maxUsd: maxCost, worstCost: costOf(worstCost) };
}

const JOURNAL_KEYS: readonly (keyof JournalOptions)[] = ['path', 'parameters', 'acceptChanges', 'retryFailed'];

function resolveJournal(journal: string | JournalOptions | undefined): JournalOptions | undefined {
  if (journal === undefined) return undefined;
  const options = typeof journal === 'string' ? { path: journal } : section(journal, 'journal', JOURNAL_KEYS);
  if (typeof options.path !== 'string' || options.path === '' || options.path.includes('\0')) {
    throw new TidegateOptionError('journal', 'a path, or an object with one', journal);
  }
  typed(options.acceptChanges, 'journal.acceptChanges', 'boolean');
  typed(options.retryFailed, 'journal.retryFailed', 'boolean');
  contentKey(options.parameters, () => {
    throw new TidegateOptionError('journal.parameters', 'plain data', options.parameters);
  });
  return options;
}

function stopAfter(value: unknown): number | undefined {
  if (value === undefined) return undefined;
  if (typeof value === 'number' && value > 0 && (value < 1 || Number.isInteger(value))) return value;
  throw new TidegateOptionError('stopAfter', 'an integer from 1, or a share above 0 and below 1', value);
}

function integer(value: unknown, path: string, min: number, max: number): number | undefined {
  if (value === undefined) return undefined;
  if (Number.isInteger(value) && (value as number) >= min && (value as number) <= max) return value as number;
  throw new TidegateOptionError(path, `an integer from ${min} to ${max}`, value);
}

function oneOf<T extends string>(value: T | undefined, path: string, allowed: readonly T[]): T | undefined {
  if (value === undefined || allowed.includes(value)) return value;
  throw new TidegateOptionError(path, `one of ${allowed.map((each) => `'${each}'`).join(', ')}`, value);
}

function typed(value: unknown, path: string, type: 'function' | 'boolean'): void {
  if (value === undefined || typeof value === type) return;
  throw new TidegateOptionError(path, `a ${type}`, value);
}
