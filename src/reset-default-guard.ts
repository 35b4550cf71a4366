import { engine } from './engine.ts';

/**
 * Closes the default guard: the next client, request or `configure()` creates a new one, which has learned nothing.
 * For tests that must not see limits and circuits left by earlier ones.
 *
 * @example
 * import { resetDefaultGuard } from 'tidegate/testing';
 * afterEach(() => resetDefaultGuard());
 */
export function resetDefaultGuard(): Promise<void> {
  return engine().resetDefaultGuard();
}
