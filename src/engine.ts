import { callContext } from './call-context.ts';
import { TidegateSetupError } from './errors.ts';
import type { SharedLimits } from './fleet/shared-limits.ts';
import { type Guard, GuardCore } from './guard.ts';
import { type GuardOptions } from './options.ts';
import { type CallOptions, resolveCallOptions } from './options/call-options.ts';
import { engineOf, processState } from './process-state.ts';
import { isGuarded, wrapClient } from './providers/seam/guard-client.ts';
import { VERSION } from './telemetry/names.ts';
import { watchRequests } from './unguarded/watch-requests.ts';

/**
 * What an entry requires of the copy of tidegate that serves the whole process. Copies that agree on this interface
 * share all state, since only one of them has any: lanes, guards, call options, meters, which clients are guarded.
 *
 * Raise PROTOCOL with every change to it, including the options and events that pass through it.
 */
export interface Engine {
  readonly version: string;
  createGuard(options: GuardOptions): Guard;
  /** The guard of everything without options of its own; created on first use. */
  defaultGuard(): Guard;
  configure(options: GuardOptions): void;
  /** Guards a client by its `tidegate` option, or else with the default guard. */
  guardClient(client: object, option: unknown): void;
  isGuarded(client: object): boolean;
  /** Makes the default guard report unguarded requests, unless its options turn that off. */
  noticeUnguarded(): void;
  /** Makes the default guard share limits through this store, unless its options name one. */
  share(shared: SharedLimits): void;
  /** Closes the default guard; the next use creates a new one. */
  resetDefaultGuard(): Promise<void>;
  withCall<T>(options: CallOptions, fn: () => T): T;
}

const PROTOCOL = 1;

/** The engine of this process. */
export function engine(): Engine {
  return engineOf(PROTOCOL, makeEngine);
}

function makeEngine(): Engine {
  // An incompatible second copy must not report the same series.
  const copy = processState().engines.size > 0 ? `${VERSION}/${PROTOCOL}` : undefined;
  const internals = { copy };
  /** One guard for each options object, so that clones of a client share it. */
  const guards = new WeakMap<object, GuardCore>();
  let shared: GuardCore | undefined;
  let sharedLimits: SharedLimits | undefined;
  const withShared = (options: GuardOptions): GuardOptions =>
    sharedLimits && typeof options === 'object' && options !== null && options.shared === undefined
      ? { ...options, shared: sharedLimits }
      : options;
  const defaultGuard = (): GuardCore => (shared ??= new GuardCore(withShared({}), internals));
  const guardOf = (option: unknown): GuardCore => {
    if (option === undefined) return defaultGuard();
    const options = option as GuardOptions;
    let guard = typeof options === 'object' && options !== null ? guards.get(options) : undefined;
    if (!guard) {
      guard = new GuardCore(options, internals);
      guards.set(options, guard);
    }
    return guard;
  };
  return {
    version: VERSION,
    createGuard: (options) => new GuardCore(options, internals),
    defaultGuard,
    configure(options) {
      if (shared) {
        throw new TidegateSetupError(
          'in_use',
          'The default guard is in use: call configure() once, before the first guarded client, request or listener.',
        );
      }
      shared = new GuardCore(withShared(options), internals);
    },
    share(limits) {
      sharedLimits = limits;
    },
    guardClient: (client, option) => void wrapClient(client, guardOf(option)),
    isGuarded,
    noticeUnguarded() {
      watchRequests(() => {
        const guard = defaultGuard();
        return guard.options.unguardedNotice === false ? undefined : guard.unguarded;
      });
    },
    async resetDefaultGuard() {
      const closing = shared;
      shared = undefined;
      await closing?.close();
    },
    withCall: (options, fn) => callContext.run({ ...callContext.getStore(), ...resolveCallOptions(options) }, fn),
  };
}
