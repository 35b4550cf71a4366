import { createHash, randomUUID } from 'node:crypto';
import type { Clock } from '../core/clock.ts';
import type { Division } from '../pacing/limits/slice.ts';
import { LaneShare } from './lane-share.ts';
import type { FleetStore } from './protocol.ts';

/** What makes two lanes of different processes one. */
export interface FleetLane {
  readonly provider: string;
  readonly baseURL: string;
  readonly credential: string;
  readonly group: string;
}

export interface FleetOptions {
  readonly store: FleetStore;
  /** Processes that are reckoned with while the store has told of none. */
  readonly assumed: number;
}

/** This process as one of those that share accounts through a store. */
export class Fleet {
  readonly #options: FleetOptions;
  readonly #process: string;
  #lanes = 0;

  constructor(options: FleetOptions, process: string = randomUUID()) {
    this.#options = options;
    this.#process = process;
  }

  /** Joins those who divide the limits of a lane. */
  divide(lane: FleetLane, clock: Clock): Division {
    const { store, assumed } = this.#options;
    return new LaneShare({
      store,
      lane: nameOf(lane),
      process: `${this.#process}/${this.#lanes++}`,
      clock,
      assumed,
      onMode: () => {},
      onExchange: () => {},
    });
  }
}

/** Tells nothing of the account: a credential has enough bits that its hash cannot be searched. */
function nameOf({ provider, baseURL, credential, group }: FleetLane): string {
  return createHash('sha256')
    .update([provider, baseURL, credential, group].join('\n'))
    .digest('base64url')
    .slice(0, 27);
}
