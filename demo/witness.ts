import type { Guard, GuardEvent, LaneSnapshot, RetryReason } from '../src/index.ts';
import type { ProviderId } from './classifier.ts';

type RefusedBy = Extract<GuardEvent, { type: 'rate_limited' }>['dimension'];

type Counts<K extends string> = Partial<Record<K, number>>;

/** A guard's counts for one provider. */
export interface Testimony {
  readonly retries: Readonly<Counts<RetryReason>>;
  readonly hits: Readonly<Counts<RefusedBy>>;
  readonly advice: Readonly<Partial<Record<RefusedBy, string>>>;
}

/** Listens to a guard and counts by provider. */
export class Witness {
  readonly #retries = new Map<string, Counts<RetryReason>>();
  readonly #hits = new Map<string, Counts<RefusedBy>>();
  readonly #advice = new Map<string, Partial<Record<RefusedBy, string>>>();

  constructor(guard: Guard) {
    guard.on('retry', ({ call, reason }) => count(this.#retries, call.provider, reason));
    guard.on('rate_limited', (event) => this.#hit(event));
  }

  of(provider: ProviderId): Testimony {
    return {
      retries: this.#retries.get(provider) ?? {},
      hits: this.#hits.get(provider) ?? {},
      advice: this.#advice.get(provider) ?? {},
    };
  }

  #hit({ call, dimension, advice }: Extract<GuardEvent, { type: 'rate_limited' }>): void {
    count(this.#hits, call.provider, dimension);
    this.#advice.set(call.provider, { ...this.#advice.get(call.provider), [dimension]: advice });
  }
}

function count<K extends string>(counts: Map<string, Counts<K>>, provider: string, key: K): void {
  const of = counts.get(provider);
  counts.set(provider, { ...of, [key]: (of?.[key] ?? 0) + 1 } as Counts<K>);
}

/** The current state of a lane, in a few words. */
export function laneState(row: LaneSnapshot | undefined): string {
  if (!row) return '';
  const parts = [`${row.inFlight} in flight`, `${row.queued} queued`];
  if (row.pausedForMs > 0) parts.push(`paused ${(row.pausedForMs / 1_000).toFixed(1)} s`);
  if (row.circuit !== 'closed') parts.push(`circuit ${row.circuit}`);
  return parts.join(', ');
}
