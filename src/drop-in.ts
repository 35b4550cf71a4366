import { processGuard } from './default-guard.ts';
import { GuardCore } from './guard.ts';
import type { GuardOptions } from './options.ts';
import type { CallHost } from './providers/seam/call-host.ts';
import { guardClass } from './providers/seam/guarded-class.ts';

const guards = new WeakMap<object, GuardCore>();

/** The guard of a client's `tidegate` option: one for each options object, so that clones share it. */
function guardFor(option: unknown): CallHost {
  if (option === undefined) return processGuard();
  const options = option as GuardOptions;
  let guard = typeof options === 'object' && options !== null ? guards.get(options) : undefined;
  if (!guard) {
    guard = new GuardCore(options);
    guards.set(options, guard);
  }
  return guard;
}

/** The guarded stand-in of an SDK's client class. */
export function dropIn<T extends abstract new (...args: never[]) => object>(Original: T): T {
  return guardClass(Original, guardFor);
}
