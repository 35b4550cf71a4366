import type { SimulatorFaults, SimulatorOptions, SimulatorStats } from '../../src/testing.ts';

/** Messages from the benchmark to a simulator's process. */
export type SimulatorCommand =
  | { readonly type: 'start'; readonly options: SimulatorOptions }
  | { readonly type: 'faults'; readonly faults: SimulatorFaults }
  | { readonly type: 'stats' };

export type SimulatorAnswer =
  | { readonly type: 'started'; readonly url: string }
  | { readonly type: 'stats'; readonly stats: SimulatorStats; readonly loopDelayMs: number };

export interface WorkerSetup {
  readonly type: 'setup';
  readonly scenario: string;
  readonly contestant: string;
  readonly url: string;
  readonly seed: number;
  readonly length: number;
  /** This process makes every `of`-th call, from `index` on. */
  readonly index: number;
  readonly of: number;
}

/** Messages from the benchmark to a contestant's process; `stop` asks for the current tally. */
export type WorkerCommand = WorkerSetup | { readonly type: 'go' } | { readonly type: 'stop' };

/** Times are in milliseconds since 1970. */
export interface Tally {
  readonly startedAt: number;
  /** When the last call was decided; for a stopped worker, when it was stopped. */
  readonly endedAt: number;
  /** Times from submitting a call to its answer, for successful calls. */
  readonly batchMs: readonly number[];
  readonly interactiveMs: readonly number[];
  /** Failed calls, by the error's name and status. */
  readonly failed: Readonly<Record<string, number>>;
  /** 99th percentile of event loop delays: whether the machine was too busy. */
  readonly loopDelayMs: number;
}

export type WorkerAnswer = { readonly type: 'ready' } | { readonly type: 'done'; readonly tally: Tally };
