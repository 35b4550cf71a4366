import { vi } from 'vitest';

/** Only fails a test with a reason before its own timeout does; `vi.waitFor` by itself gives a busy machine one second. */
const GIVE_UP_MS = 60_000;

/** Repeats the expectations until they hold. */
export function eventually<T>(holds: () => T | Promise<T>): Promise<T> {
  return vi.waitFor(holds, { timeout: GIVE_UP_MS, interval: 10 });
}
