import type { LimitName } from '../../../src/simulator/limits/limits.ts';
import type { Case, ProviderSpec } from './case.ts';
import type { Binding } from './reference.ts';

/** What a client can learn of the binding limits before they refuse it: everything, something wrong, or nothing. */
export type Disclosure = 'told' | 'misled' | 'blind';

/** It takes two refusals to learn an unstated bucket's size and rate. */
const TO_LEARN = 2;

export function disclosureOf({ provider }: Case, bindings: readonly Binding[]): Disclosure {
  if (bindings.some((binding) => !isInHeaders(provider, binding))) return 'blind';
  return misleads(provider) ? 'misled' : 'told';
}

/**
 * Refusals that no client avoids, however clever: each process has to probe every binding limit that no answer states,
 * and again when it has changed. A stated limit costs nothing.
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

/** Whether headers are outdated, of another scope, or overstated, or others take what they show. */
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
