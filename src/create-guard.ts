import { engine } from './engine.ts';
import type { Guard } from './guard.ts';
import type { GuardOptions } from './options.ts';

/**
 * Makes a guard of its own: for several clients that share events and options, and to close it.
 * Lanes are shared with every other guard of the process that has equal lane options.
 *
 * @throws TidegateOptionError at once for a bad option.
 * @example
 * import { createGuard } from 'tidegate';
 * const guard = createGuard({ retry: { maxAttempts: 8 } });
 * const client = guard.wrap(new OpenAI());
 * guard.on('rate_limited', ({ dimension, advice }) => console.warn(dimension, advice));
 */
export function createGuard(options: GuardOptions = {}): Guard {
  return engine().createGuard(options);
}
