import { engine } from './engine.ts';
import type { CallOptions } from './options/call-options.ts';

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
  return engine().withCall(options, fn);
}
