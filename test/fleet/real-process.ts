import { systemClock } from '../../src/core/clock.ts';
import type { LimitReading } from '../../src/core/outcome.ts';
import { Fleet, type FleetListener } from '../../src/fleet/fleet.ts';
import type { LaneShare } from '../../src/fleet/lane-share.ts';
import type { RedisClient } from '../../src/fleet/redis-client.ts';
import { RedisStore } from '../../src/fleet/redis-store.ts';
import { msGiven } from '../helpers/real-time.ts';
import type { VirtualClock } from '../helpers/virtual-clock.ts';
import { finish, harness, type Harness, PACING, watch } from '../pacing/harness.ts';

/** A separate process, as far as Redis can tell: its lane in real time. */
export interface RealProcess {
  readonly lane: Harness;
  readonly share: LaneShare;
  readonly warnings: string[];
  readonly modes: string[];
}

/** @param processes - What it divides the limit by until it has met the others. */
export function joinFleet(client: RedisClient, requestsPerMinute = 6_000, processes = 2): RealProcess {
  const warnings: string[] = [];
  const modes: string[] = [];
  const listener: FleetListener = {
    onMode: (mode, fault) => modes.push(fault ?? mode),
    onExchange: () => undefined,
    onWarning: (message) => warnings.push(message),
    onCircuit: () => false,
  };
  const store = RedisStore.of(client, 'tidegate')!;
  const fleet = new Fleet({ store, processes, account: undefined });
  const identity = { provider: 'openai', baseURL: 'https://api.openai.com', credential: 'secret', group: 'm' };
  const share = fleet.divide(identity, systemClock, listener)!;
  const pacing = { ...PACING, requestsPerMinute };
  const lane = harness({ clock: systemClock as VirtualClock, divider: share, maxConcurrent: 1_000, pacing });
  return { lane, share, warnings, modes };
}

/** Makes a call; returns how long it waited. @param readings - What the head of the answer reports. */
export function callNow({ lane }: RealProcess, readings?: () => readonly LimitReading[]): Promise<number> {
  return msGiven(async () => {
    const watched = watch(lane);
    await watched.promise;
    finish(watched.ticket, readings?.());
  });
}
