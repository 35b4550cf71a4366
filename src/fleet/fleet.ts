import { createHash, randomUUID } from 'node:crypto';
import type { Clock } from '../core/clock.ts';
import type { SharedMode, StoreFault } from '../core/event-values.ts';
import { LaneShare } from './lane-share.ts';
import type { SharedLimits } from './shared-limits.ts';
import { storeFault } from './store-fault.ts';

/** Identifies a lane across processes. */
export interface FleetLane {
  readonly provider: string;
  readonly baseURL: string;
  readonly credential: string;
  readonly group: string;
}

/** Callbacks of a lane. */
export interface FleetListener {
  onMode(mode: SharedMode, fault: StoreFault | undefined, processes: number): void;
  onExchange(durationMs: number, fault: StoreFault | undefined): void;
  onWarning(message: string): void;
  /** Another process has opened its circuit. Opens ours; returns whether ours was closed. */
  onCircuit(): boolean;
}

const fleets = new WeakMap<SharedLimits, Fleet>();

/** Guards with the same store count as one process of the fleet. */
export function fleetOf(shared: SharedLimits): Fleet {
  let fleet = fleets.get(shared);
  if (!fleet) fleets.set(shared, (fleet = new Fleet(shared)));
  return fleet;
}

/** This process as one of those that share accounts through a store. */
export class Fleet {
  readonly #shared: SharedLimits;
  readonly #process: string;
  #lanes = 0;
  /** The last fault that was warned about since the store worked. */
  #warned: StoreFault | undefined;

  constructor(shared: SharedLimits, process: string = randomUUID()) {
    this.#shared = shared;
    this.#process = process;
  }

  /** Joins the fleet that divides a lane's limits; undefined if its account cannot be identified. */
  divide(lane: FleetLane, clock: Clock, listener: FleetListener): LaneShare | undefined {
    const { store, processes, account } = this.#shared;
    const credential = isLocal(lane.credential) ? account : lane.credential;
    if (credential === undefined) {
      listener.onWarning(
        'Limits are not shared for a client whose credential is made by a function: name its account with the option ' +
          '`account` of redisStore().',
      );
      return undefined;
    }
    const process = `${this.#process}/${this.#lanes++}`;
    let told: StoreFault | undefined;
    const tell = (mode: SharedMode, fault: StoreFault | undefined, processes: number): void => {
      told = fault;
      listener.onMode(mode, fault, processes);
      if (fault === undefined) this.#warned = undefined;
      else this.#warn(fault, listener);
    };
    const share = new LaneShare({
      store,
      lane: nameOf({ ...lane, credential }),
      process,
      clock,
      assumed: processes,
      onMode: (mode, error, processes) => tell(mode, mode === 'alone' ? storeFault(error) : undefined, processes),
      onCircuit: () => listener.onCircuit(),
      onExchange: (durationMs, error) => {
        const fault = error === undefined ? undefined : storeFault(error);
        listener.onExchange(durationMs, fault);
        if (told !== undefined && told !== fault && fault === 'auth') tell('alone', fault, share.fleet);
      },
    });
    return share;
  }

  /** Warns once, and again if a password turns out to be refused: that shows only after the connection is lost. */
  #warn(fault: StoreFault, listener: FleetListener): void {
    if (this.#warned !== undefined && (this.#warned === fault || fault !== 'auth')) return;
    this.#warned = fault;
    listener.onWarning(warningOf(fault));
  }
}

/** Marks credentials that are distinguished by identity, which means nothing in another process. */
const LOCAL = '#';

function isLocal(credential: string): boolean {
  return credential.startsWith(LOCAL);
}

function warningOf(fault: StoreFault): string {
  return `The store of shared limits cannot be used (${fault}): calls continue with a share of their limits until it is back.`;
}

/** Reveals nothing about the account: a credential has too many bits for its hash to be searched. */
function nameOf({ provider, baseURL, credential, group }: FleetLane): string {
  return createHash('sha256')
    .update([provider, baseURL, credential, group].join('\n'))
    .digest('base64url')
    .slice(0, 27);
}
