import type { CallOutcome, RefusedBy } from './event-values.ts';
import type { Failure } from './outcome.ts';

/** Outcome of a call that ends with this failure. */
export function outcomeOf(failure: Failure | undefined): CallOutcome {
  switch (failure?.outcome) {
    case 'cancelled':
      return 'cancelled';
    case 'timeout':
      return 'timeout';
    case 'bad_request':
      return 'bad_request';
    case undefined:
    case 'auth':
    case 'too_large':
      return 'client_error';
    default:
      return 'retries_exhausted';
  }
}

/** `error.type` of a failed call: the provider's code, else the status, else what happened. */
export function errorTypeOf(failure: Failure | undefined): string | undefined {
  if (failure?.code !== undefined) return failure.code;
  if (failure?.status !== undefined) return String(failure.status);
  switch (failure?.outcome) {
    case 'cancelled':
      return undefined;
    case 'timeout':
      return 'timeout';
    case 'connection':
      return 'connection_error';
    default:
      return '_OTHER';
  }
}

/** What refused an attempt. */
export function refusedBy({ outcome, noCapacity, dimension }: Failure): RefusedBy {
  if (noCapacity) return 'no_capacity';
  return outcome === 'overloaded' ? 'overloaded' : (dimension ?? 'unknown');
}

/** Outcomes after which a layer above may retry; an invalid request is not resent. */
export const WORTH_RESENDING: ReadonlySet<CallOutcome> = new Set<CallOutcome>([
  'retries_exhausted',
  'rejected_circuit',
  'rejected_bulkhead',
  'timeout',
]);
