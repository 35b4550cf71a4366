import { AsyncLocalStorage } from 'node:async_hooks';
import { type CallOptions, resolveCallOptions } from './options.ts';

const storage = new AsyncLocalStorage<CallOptions>();

/**
 * Runs `fn` with options for every guarded call inside it. Nested uses add to the outer ones.
 *
 * @throws TidegateOptionError at once for a bad option.
 * @example
 * import { withCall } from 'tidegate';
 * const answer = await withCall({ priority: 'interactive', deadlineMs: 30_000 }, () =>
 *   client.chat.completions.create({ model, messages }),
 * );
 */
export function withCall<T>(options: CallOptions, fn: () => T): T {
  return storage.run({ ...storage.getStore(), ...resolveCallOptions(options) }, fn);
}

export function currentCallOptions(): CallOptions | undefined {
  return storage.getStore();
}
