import type { Priority } from '../core/admission.ts';
import { TidegateOptionError } from '../errors.ts';
import { oneOf, optionalMs, section, type Keys } from './checks.ts';

/** Options of the calls made inside `withCall`. */
export interface CallOptions {
  /** Rank in the lane's queue. Default 'normal'. */
  readonly priority?: Priority;
  /** Calls of different tenants share a lane fairly. Default: one tenant. */
  readonly tenant?: string;
  /** Total milliseconds that each call may take. Minimum 1. */
  readonly deadlineMs?: number;
  /** Like the guard's options of the same names, for the streams among these calls. */
  readonly firstContentTimeoutMs?: number;
  readonly stallTimeoutMs?: number;
}

/** Time limits that an option sets for every call, and `withCall` for some. */
const TIMES = ['deadlineMs', 'firstContentTimeoutMs', 'stallTimeoutMs'] as const;

const CALL_KEYS: Keys<CallOptions> = {
  priority: true,
  tenant: true,
  deadlineMs: true,
  firstContentTimeoutMs: true,
  stallTimeoutMs: true,
};

/** Checks the options of `withCall`. @throws TidegateOptionError */
export function resolveCallOptions(options: CallOptions): CallOptions {
  const call = section(options, 'callOptions', CALL_KEYS);
  if (call.priority !== undefined) oneOf(call.priority, 'priority', ['interactive', 'normal', 'batch']);
  if (call.tenant !== undefined && typeof call.tenant !== 'string') {
    throw new TidegateOptionError('tenant', 'a string', call.tenant);
  }
  for (const time of TIMES) optionalMs(call, time);
  return call;
}
