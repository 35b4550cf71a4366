import { mulberry32 } from '../../../src/simulator/random.ts';
import type { CaseJob, ProviderSpec } from './case.ts';

export const FAULT_MS = 200;
/** Minimum wait that a provider may expect before a retry without a stated time. */
export const POLITE_MS = 500;
const HINT_MS = 1_000;

export type DrawnFault =
  | { readonly kind: 'good' }
  | { readonly kind: 'error' }
  /** `hintMs` is its `retry-after`, if any. */
  | { readonly kind: 'throttle'; readonly hintMs: number | undefined };

const GOOD: DrawnFault = { kind: 'good' };

/** The fault of an attempt, whatever the pace: the same for every contestant. */
export function faultOf(
  { errors = 0, throttles = 0, retryAfter }: ProviderSpec,
  job: CaseJob,
  attempt: number,
): DrawnFault {
  if (errors === 0 && throttles === 0) return GOOD;
  const random = mulberry32((job.faultSeed + attempt * 0x9e37_79b9) >>> 0);
  const drawn = random();
  if (drawn < errors) return { kind: 'error' };
  if (drawn >= errors + throttles) return GOOD;
  return { kind: 'throttle', hintMs: retryAfter !== 'absent' && random() < 0.5 ? HINT_MS : undefined };
}

/** How many attempts fail through no fault of the client, and the time that they take with polite waits. */
export function unavoidableFaults(
  provider: ProviderSpec,
  job: CaseJob,
): { readonly attempts: number; readonly ms: number } {
  let ms = 0;
  for (let attempts = 0; ; attempts++) {
    const fault = faultOf(provider, job, attempts);
    if (fault.kind === 'good') return { attempts, ms };
    ms += 2 * provider.oneWayMs;
    ms += fault.kind === 'throttle' ? (fault.hintMs ?? POLITE_MS) : FAULT_MS + POLITE_MS;
  }
}
