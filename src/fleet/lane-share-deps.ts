import type { Clock } from '../core/clock.ts';
import type { SharedMode } from '../core/event-values.ts';
import type { FleetStore } from './fleet-store.ts';

export interface LaneShareDeps {
  readonly store: FleetStore;
  /** The lane's name, which reveals nothing about the account. */
  readonly lane: string;
  readonly process: string;
  readonly clock: Clock;
  /** Assumed number of processes until the store has reported any. */
  readonly assumed: number;
  onMode(mode: SharedMode, error: unknown, processes: number): void;
  onExchange(tookMs: number, error: unknown): void;
  /** Another process has opened its circuit. Opens ours; returns whether ours was closed. */
  onCircuit(): boolean;
}
