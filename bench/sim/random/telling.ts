import type { LimitName } from '../../../src/simulator/limits/limits.ts';
import type { Case, ProviderSpec } from './case.ts';
import type { Binding } from './reference.ts';

/** What a client can learn of the limits that bind before they refuse it: all of it, something that is not so, or nothing. */
export type Telling = 'told' | 'misled' | 'blind';

/** To know of a bucket that nobody tells how much it holds and how fast that comes back takes two refusals. */
const TO_LEARN = 2;

export function tellingOf({ provider }: Case, bindings: readonly Binding[]): Telling {
  if (bindings.some((binding) => !isInHeaders(provider, binding))) return 'blind';
  return misleads(provider) ? 'misled' : 'told';
}

/**
 * Refusals that no client avoids, however clever: each process has to ask about every limit that holds calls back and of
 * which no answer tells, and again when it has changed. A limit that answers tell costs nothing.
 */
export function leastRefused({ provider, processes = 1 }: Case, bindings: readonly Binding[]): number {
  const hidden = bindings.filter((binding) => !isInHeaders(provider, binding));
  const asked = hidden.reduce((sum, binding) => sum + (binding === 'maxConcurrent' ? 1 : TO_LEARN), 0);
  return asked * processes * (provider.change ? 2 : 1);
}

function isInHeaders({ dialect, headers }: ProviderSpec, binding: Binding): boolean {
  if (binding === 'maxConcurrent' || headers === 'none' || headers === 'failure') return false;
  return !(dialect === 'groq' && binding === ('requestsPerMinute' satisfies LimitName));
}

/** Whether headers are of the past, of something else, or of more than is there, or others take what they show. */
function misleads({ view, late, scope, countsAtEnd, limits, neighbour, change }: ProviderSpec): boolean {
  const short = limits.some(({ windowMs }) => windowMs < 60_000);
  const asWindow = short && view.remaining === 'window';
  return (
    late === true ||
    scope !== undefined ||
    countsAtEnd === true ||
    view.inflated > 1 ||
    view.limit === 'bucket' ||
    asWindow ||
    neighbour !== undefined ||
    change !== undefined
  );
}
