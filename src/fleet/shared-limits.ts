import type { FleetStore } from './protocol.ts';

/** Where processes meet that share accounts: the option `shared` of a guard. */
export interface SharedLimits {
  readonly store: FleetStore;
  /** Processes that share an account, as long as the store has told of none. At least 1. */
  readonly processes: number;
  /** Names the account of clients whose credential is made by a function, which says nothing of whose it is. */
  readonly account: string | undefined;
}

export function isSharedLimits(value: unknown): value is SharedLimits {
  if (typeof value !== 'object' || value === null) return false;
  const { store, processes } = value as Partial<SharedLimits>;
  return typeof store?.exchange === 'function' && typeof processes === 'number';
}
