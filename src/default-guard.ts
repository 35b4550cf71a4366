import { engine } from './engine.ts';
import type { Guard } from './guard.ts';
import type { GuardOptions } from './options.ts';

const processGuard = (): Guard => engine().defaultGuard();

/** A guard, and a function that returns it. */
export interface DefaultGuard extends Guard {
  (): Guard;
}

/**
 * The guard of every client that was given no options: those of the drop-ins, of `tidegate/register`, of `wrap(client)`
 * and of `guardedFetch`. Made when the first of them, or a listener, needs it.
 *
 * @example
 * import { defaultGuard } from 'tidegate';
 * defaultGuard.on('retry', ({ call, reason }) => console.warn(call.lane, reason));
 */
export const defaultGuard: DefaultGuard = Object.defineProperties((): Guard => processGuard(), {
  wrap: { value: (client: object) => processGuard().wrap(client) },
  fetch: { get: () => processGuard().fetch },
  on: { value: ((type, listener) => processGuard().on(type, listener)) satisfies Guard['on'] },
  snapshot: { value: () => processGuard().snapshot() },
  serveConsole: { value: ((options) => processGuard().serveConsole(options)) satisfies Guard['serveConsole'] },
  close: { value: () => processGuard().close() },
}) as DefaultGuard;

/**
 * Sets the options of the default guard: once, before its first use.
 *
 * @throws TidegateOptionError for a bad option; TidegateSetupError when the guard is in use or was configured before.
 * @example
 * import { configure } from 'tidegate';
 * configure({ deadlineMs: 60_000 });
 */
export function configure(options: GuardOptions): void {
  engine().configure(options);
}

/**
 * Guards a client in place and returns it, with the process's default guard or one of its own.
 *
 * @throws TidegateOptionError for a bad option; TidegateSetupError for a client that cannot be guarded.
 * @example
 * import Anthropic from '@anthropic-ai/sdk';
 * import { wrap } from 'tidegate';
 * const claude = wrap(new Anthropic());
 */
export function wrap<T extends object>(client: T, options?: GuardOptions): T {
  return (options === undefined ? processGuard() : engine().createGuard(options)).wrap(client);
}
