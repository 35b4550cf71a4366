import { GuardCore, type GuardInternals } from '../../src/guard.ts';
import type { GuardEvent } from '../../src/core/events.ts';
import type { GuardOptions } from '../../src/options.ts';
import { afterTest } from './after-test.ts';
import { recordEvents } from './record-events.ts';
import type { AnyClient, SdkCase } from './sdk-matrix.ts';

// Bound at import, since a test may fake it.
const { setImmediate: immediate } = globalThis;

/** Delays that keep tests fast; everything else is default. */
export const FAST: GuardOptions = { retry: { initialDelayMs: 1, maxDelayMs: 5 } };

export function testGuard(
  options: GuardOptions = FAST,
  internals?: GuardInternals,
): GuardCore & { events: GuardEvent[] } {
  const guard = new GuardCore(options, internals);
  afterTest(() => guard.close());
  return Object.assign(guard, { events: recordEvents(guard) });
}

let nextKey = 1;

/** A guarded client with an account of its own. */
export function guardedClient(
  sdk: SdkCase,
  guard: GuardCore,
  fetch: typeof globalThis.fetch,
  options: Record<string, unknown> = {},
): AnyClient {
  return guard.wrap(new sdk.Client({ apiKey: `test-key-${nextKey++}`, fetch, ...options }) as object);
}

/** Yields to the event loop this many times, for everything that is ready to run. */
export async function settle(turns = 5): Promise<void> {
  for (let turn = 0; turn < turns; turn++) {
    await new Promise<void>((resolve) => {
      immediate(resolve);
    });
  }
}
