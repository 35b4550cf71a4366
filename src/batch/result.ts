import type { Usage } from '../core/outcome.ts';

/** Tokens of all calls that an item made; undefined where no guarded call told any. */
export type ItemUsage = Usage;

interface ItemResult {
  /** Place in the input, from 0. */
  readonly index: number;
  /** What `id` of the options gave; the index as text by default. */
  readonly id: string;
  /** Attempts of the guarded calls that the item made, in the run that made them. */
  readonly attempts: number;
  readonly usage: ItemUsage | undefined;
  /** USD that its calls have cost; null where that is not known, undefined where the guard has no prices. */
  readonly costUsd: number | null | undefined;
  /** `called`, `journal` where an earlier run or an equal item had the answer written, `duplicate` of one in this run. */
  readonly source: 'called' | 'journal' | 'duplicate';
}

/** What became of one item. */
export type BatchResult<T> =
  | (ItemResult & { readonly status: 'ok'; readonly value: T })
  | (ItemResult & { readonly status: 'error'; readonly error: unknown });
