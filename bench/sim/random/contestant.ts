import type { GuardOptions } from '../../../src/options.ts';
import type { VirtualClock } from '../../../src/hits/replay/virtual-clock.ts';
import type { Tally } from '../sim-process.ts';
import type { Transport } from '../transport.ts';
import type { CaseJob, ProviderSpec } from './case.ts';

/** One process that makes calls its own way. */
export interface Client {
  /** Whether the call succeeded. */
  call(job: CaseJob): Promise<boolean>;
  close?(): Promise<void>;
  /** Its beliefs, for `--timeline`. */
  state?(): string;
}

export interface ClientSetup {
  readonly clock: VirtualClock;
  readonly seed: number;
  readonly provider: Transport<CaseJob>;
  readonly spec: ProviderSpec;
  readonly options: GuardOptions;
  readonly tally: Tally;
  /** Number of processes that share the limits, and the index of this one. */
  readonly processes: number;
  readonly index: number;
  /** All calls of the case. */
  readonly jobs: readonly CaseJob[];
}

export type Contestant = (setup: ClientSetup) => Client;
