import type { GuardEvent } from '../core/events.ts';
import type { LaneSnapshot } from '../core/snapshot.ts';
import type { BatchState, FleetState, HitState, LimitState } from './state.ts';

/** Hits that a source keeps. */
export const MAX_HITS = 50;

/** What the console needs of a guard. */
export interface ObservedGuard {
  on<T extends GuardEvent['type']>(type: T, listener: (event: Extract<GuardEvent, { type: T }>) => void): () => void;
  snapshot(): LaneSnapshot[];
}

/** A lane as a source reports it. */
export interface LaneReading {
  /** `provider/group`. */
  readonly label: string;
  readonly provider: string;
  readonly group: string;
  readonly limits: readonly LimitState[];
  readonly inFlight: number;
  readonly maxConcurrent?: number | undefined;
  readonly queued: number;
  readonly maxQueued?: number | undefined;
  readonly oldestWaitMs: number;
  readonly pausedForMs: number;
  readonly circuit: string;
  /** Largest share of the queue that one tenant has. */
  readonly busiestShare: number;
  readonly fleet?: FleetState | undefined;
}

export type CounterKind = 'calls' | 'tokens' | 'refused' | 'retries' | 'usd';

/** Counters of a lane, by dimension or reason if the kind has them. */
export interface Counter {
  readonly kind: CounterKind;
  readonly label: string;
  readonly by: string;
  readonly value: number;
}

/** The state of a source at one moment. */
export interface Reading {
  readonly lanes: readonly LaneReading[];
  readonly counters: readonly Counter[];
  readonly batches: readonly BatchState[];
}

export interface Source {
  readonly name: string;
  readonly kind: 'process' | 'metrics';
  /** @throws Error with a short reason why it cannot be read */
  look(): Reading | Promise<Reading>;
  /** The last hits that it has seen, newest first. */
  hits(): readonly HitState[];
  close(): void;
}

/** Adds up counters by kind, lane and label. */
export class Tally {
  readonly #counts = new Map<string, { kind: CounterKind; label: string; by: string; value: number }>();

  add(kind: CounterKind, label: string, by: string, value = 1): void {
    const key = `${kind}\n${label}\n${by}`;
    const known = this.#counts.get(key);
    if (known) known.value += value;
    else this.#counts.set(key, { kind, label, by, value });
  }

  /** Forgets lanes that no longer exist. */
  keep(labels: ReadonlySet<string>): void {
    for (const [key, { label }] of this.#counts) if (!labels.has(label)) this.#counts.delete(key);
  }

  counters(): Counter[] {
    return Array.from(this.#counts.values(), (count) => ({ ...count }));
  }
}
