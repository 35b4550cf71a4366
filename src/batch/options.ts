import type { Priority } from '../core/admission.ts';
import { TidegateOptionError } from '../errors.ts';
import type { Guard } from '../guard.ts';
import { section, withMethods, type Keys } from '../options/checks.ts';
import { contentKey } from './item-key.ts';
import type { BatchSnapshot } from './progress.ts';
import { costOf, idOf, prefixOf, type Unkeyed, unkeyed } from './user-functions.ts';

/** Information for a worker about its item. */
export interface ItemContext {
  readonly index: number;
  readonly id: string;
  /** Aborted when the run is: pass it on to the call. */
  readonly signal: AbortSignal;
}

export type BatchWorker<I, O> = (item: I, context: ItemContext) => O | PromiseLike<O>;

export interface JournalOptions {
  /** The file; created if it does not exist, continued if it does. A `.lock` next to it prevents a second run. */
  readonly path: string;
  /**
   * Everything besides the item that the answers depend on: model, prompt, sampling. A run with other values is
   * refused.
   */
  readonly parameters?: unknown;
  /** Accepts changed `parameters`: finished items keep their answers, the rest use the new ones. Default false. */
  readonly acceptChanges?: boolean;
  /** Runs failed items again. Default false. */
  readonly retryFailed?: boolean;
}

export interface BatchOptions<I> {
  /** Yields results in the order of the items, or as they finish. Default 'input'. */
  readonly order?: 'input' | 'completion';
  /**
   * Maximum number of workers at once; the lanes decide how many calls are sent. 1 … 1 000 000, default 1 000.
   */
  readonly maxConcurrent?: number;
  /**
   * Maximum number of items started but not yet read. From `maxConcurrent` to 10 000 000; default four times
   * `maxConcurrent`, or forty times with a journal, which holds the finished ones.
   */
  readonly window?: number;
  /** 'stop' starts no further item after the first failure, as `stopAfter: 1`. Default 'collect'. */
  readonly onError?: 'collect' | 'stop';
  /**
   * Failures after which no further item is started: a count from 1, or a share below 1 of the called items, once there
   * are 20 of them. Items from the journal do not count. Default: none.
   */
  readonly stopAfter?: number;
  /** Ends the run immediately. */
  readonly signal?: AbortSignal;
  /** Priority of the calls that workers make. Default 'batch': after every other call of the lane. */
  readonly priority?: Priority;
  /** Calls identical items once and gives all of them the answer. Default true. */
  readonly dedupe?: boolean;
  /**
   * Returns plain data that identifies an item, for `dedupe` and the journal. Default: the item itself. An item that is
   * not plain data (a file, a map, a function) equals no other. With a journal, or returned from this function, such a
   * value ends the run.
   */
  readonly key?: (item: I, index: number) => unknown;
  /** Names an item in results. Default: the index. */
  readonly id?: (item: I, index: number) => string;
  /**
   * Names the prefix that an item's prompt shares with others: one of these items goes first, the others once its
   * answer has begun, so that they find the prefix in the provider's prompt cache. Give several from shortest to
   * longest. Default: none.
   */
  readonly prefix?: (item: I, index: number) => string | readonly string[] | undefined;
  /** File that makes the run resumable: answers are stored there as JSON, and reused by later runs. */
  readonly journal?: string | JournalOptions;
  /** Total number of items, for the estimate; known for arrays, maps and sets. */
  readonly total?: number;
  /** Called with the progress, at most four times a second and at the end. Errors that it throws are ignored. */
  readonly onProgress?: (snapshot: BatchSnapshot) => void;
  /**
   * USD that the run may spend, including what earlier runs of its journal have spent. The `worstCost` of an item is
   * reserved before it is called. An item that does not fit next to those in flight waits for them; if it still does
   * not fit, the run stops with `batch_budget`.
   */
  readonly maxCost?: number;
  /** Maximum cost of an item in USD: `worstCost()` computes it for a request. Required with `maxCost`. */
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

const KEYS: Keys<BatchOptions<unknown>> = {
  order: true,
  maxConcurrent: true,
  window: true,
  onError: true,
  stopAfter: true,
  signal: true,
  priority: true,
  dedupe: true,
  key: true,
  id: true,
  prefix: true,
  journal: true,
  total: true,
  onProgress: true,
  guard: true,
  maxCost: true,
  worstCost: true,
};

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

const JOURNAL_KEYS: Keys<JournalOptions> = { path: true, parameters: true, acceptChanges: true, retryFailed: true };

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
