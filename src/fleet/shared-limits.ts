import type { FleetStore } from './fleet-store.ts';

/** The store through which processes share accounts: the option `shared` of a guard. */
export interface SharedLimits {
  readonly store: FleetStore;
  /** Assumed number of processes that share an account until the store has reported any. At least 1. */
  readonly processes: number;
  /** Names the account of clients whose credential comes from a function, which does not identify it. */
  readonly account: string | undefined;
}

export function isSharedLimits(value: unknown): value is SharedLimits {
  if (typeof value !== 'object' || value === null) return false;
  const { store, processes } = value as Partial<SharedLimits>;
  return typeof store?.exchange === 'function' && typeof processes === 'number';
}
