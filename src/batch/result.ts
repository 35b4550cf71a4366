import type { Usage } from '../core/outcome.ts';

/** Tokens of all calls of an item; undefined if no guarded call reported any. */
export type ItemUsage = Usage;

interface ItemResult {
  /** Position in the input, from 0. */
  readonly index: number;
  /** The name that the option `id` returned; by default the index as text. */
  readonly id: string;
  /** Attempts of the item's guarded calls, in the run that made them. */
  readonly attempts: number;
  readonly usage: ItemUsage | undefined;
  /** USD that its calls have cost; null if unknown, undefined if the guard has no prices. */
  readonly costUsd: number | null | undefined;
  /**
   * `called` in this run; from the `journal`, written by an earlier run or for an identical item; or a `duplicate` of
   * an item of this run.
   */
  readonly source: 'called' | 'journal' | 'duplicate';
}

/** The outcome of one item. */
export type BatchResult<T> =
  | (ItemResult & { readonly status: 'ok'; readonly value: T })
  | (ItemResult & { readonly status: 'error'; readonly error: unknown });
