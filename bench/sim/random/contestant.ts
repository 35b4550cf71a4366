import type { GuardOptions } from '../../../src/options.ts';
import type { VirtualClock } from '../../../src/hits/replay/virtual-clock.ts';
import type { Tally } from '../sim-process.ts';
import type { Transport } from '../transport.ts';
import type { CaseJob, ProviderSpec } from './case.ts';

/** One process that makes calls its own way. */
export interface Client {
  /** Says whether the call succeeded. */
  call(job: CaseJob): Promise<boolean>;
  close?(): Promise<void>;
  /** What it believes, for `--timeline`. */
  state?(): string;
}

export interface ClientSetup {
  readonly clock: VirtualClock;
  readonly seed: number;
  readonly provider: Transport<CaseJob>;
  readonly spec: ProviderSpec;
  readonly options: GuardOptions;
  readonly tally: Tally;
  /** How many processes share the limits, and which of them this is. */
  readonly processes: number;
  readonly index: number;
  /** All calls of the case. */
  readonly jobs: readonly CaseJob[];
}

export type Contestant = (setup: ClientSetup) => Client;
