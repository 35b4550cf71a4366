import { LaneShare } from '../../src/fleet/lane-share.ts';
import type { FleetStore } from '../../src/fleet/fleet-store.ts';
import type { VirtualClock } from '../helpers/virtual-clock.ts';
import { type Harness, harness, PACING } from '../pacing/harness.ts';

export interface FleetHarness extends Harness {
  readonly share: LaneShare;
  readonly modes: string[];
  readonly trips: number[];
}

let processes = 0;

/** A lane of one process that divides its limits through a store. */
export function fleetLane(store: FleetStore, clock: VirtualClock, pacing: Partial<typeof PACING> = {}): FleetHarness {
  const modes: string[] = [];
  const trips: number[] = [];
  const share = new LaneShare({
    store,
    lane: 'lane',
    process: `process ${processes++}`,
    clock,
    assumed: 4,
    onMode: (mode) => modes.push(mode),
    onExchange: () => undefined,
    onCircuit: () => {
      trips.push(clock.now());
      return true;
    },
  });
  const lane = harness({
    clock,
    divider: share,
    maxConcurrent: 10_000,
    pacing: { ...PACING, headroom: 0, ...pacing },
  });
  return { ...lane, share, modes, trips };
}
