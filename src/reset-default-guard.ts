import { engine } from './engine.ts';

/**
 * Closes the default guard: the next client, request or `configure()` begins with a new one, which has learned nothing.
 * For tests that must not see the limits and circuits that earlier ones have left.
 *
 * @example
 * import { resetDefaultGuard } from 'tidegate/testing';
 * afterEach(() => resetDefaultGuard());
 */
export function resetDefaultGuard(): Promise<void> {
  return engine().resetDefaultGuard();
}
