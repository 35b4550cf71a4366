import { AsyncLocalStorage } from 'node:async_hooks';
import type { CallOptions } from './options/call-options.ts';

/** Options of the calls that are made inside a `withCall`. */
export const callContext: AsyncLocalStorage<CallOptions> = new AsyncLocalStorage<CallOptions>();
