/**
 * A guarded `fetch` for every SDK that accepts one.
 *
 * @module
 */
import { createGuard } from './create-guard.ts';
import { engine } from './engine.ts';
import type { GuardOptions } from './options.ts';

/**
 * A `fetch` behind the process's default guard: paced, retried and measured like a guarded client.
 * Set the retries of the SDK that uses it to 0. A failed response is returned, not thrown.
 *
 * @example
 * import { guardedFetch } from 'tidegate/fetch';
 * const provider = createOpenAI({ fetch: guardedFetch });
 */
export const guardedFetch: typeof fetch = (...args) =>
  engine()
    .defaultGuard()
    .fetch(...args);

/** A guarded `fetch` with options of its own. @throws TidegateOptionError for a bad option. */
export function createGuardedFetch(options: GuardOptions): typeof fetch {
  return createGuard(options).fetch;
}
