import { AsyncLocalStorage } from 'node:async_hooks';
import type { CallOptions } from './options/call-options.ts';

/** Options of the calls made inside `withCall`. */
export const callContext: AsyncLocalStorage<CallOptions> = new AsyncLocalStorage<CallOptions>();
