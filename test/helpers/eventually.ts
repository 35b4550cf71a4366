import { vi } from 'vitest';
import { GIVE_UP_MS } from './real-time.ts';

/** Repeats the expectations until they hold; `vi.waitFor` alone gives a busy machine only one second. */
export function eventually<T>(holds: () => T | Promise<T>): Promise<T> {
  return vi.waitFor(holds, { timeout: GIVE_UP_MS, interval: 10 });
}
