import type { Clock } from '../core/clock.ts';
import type { SharedMode } from '../core/event-words.ts';
import type { FleetStore } from './protocol.ts';

export interface LaneShareDeps {
  readonly store: FleetStore;
  /** Names the lane, and tells nothing of the account. */
  readonly lane: string;
  readonly process: string;
  readonly clock: Clock;
  /** Processes that are reckoned with while the store has told of none. */
  readonly assumed: number;
  onMode(mode: SharedMode, error: unknown, processes: number): void;
  onExchange(tookMs: number, error: unknown): void;
  /** Another process has opened its circuit: says whether ours was closed, and opens. */
  onCircuit(): boolean;
}
