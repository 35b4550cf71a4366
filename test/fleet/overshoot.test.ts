import { describe, expect, it } from 'vitest';
import { MemoryStore } from '../../src/fleet/memory-store.ts';
import type { FleetStore } from '../../src/fleet/fleet-store.ts';
import { mulberry32 } from '../../src/simulator/random.ts';
import { VirtualClock } from '../helpers/virtual-clock.ts';
import { watch } from '../pacing/harness.ts';
import { type FleetHarness, fleetLane } from './fleet-lane.ts';

const LIMIT = 600;
const PER_MS = LIMIT / 60_000;

interface World {
  readonly clock: VirtualClock;
  readonly lanes: FleetHarness[];
  /** The store has lost its state: an empty one takes its place. */
  lose(): void;
  /** The first process stops reporting. */
  killFirst(): void;
}

function world(processes: number): World {
  const clock = new VirtualClock();
  let store = new MemoryStore(clock);
  let first: string | undefined;
  let killed = false;
  const behind: FleetStore = {
    exchange(lane, report) {
      first ??= report.process;
      const isGone = killed && report.process === first;
      return isGone ? new Promise(() => undefined) : store.exchange(lane, report);
    },
  };
  const lanes = Array.from({ length: processes }, () => fleetLane(behind, clock, { requestsPerMinute: LIMIT }));
  return { clock, lanes, lose: () => (store = new MemoryStore(clock)), killFirst: () => (killed = true) };
}

const boundOf = (lanes: readonly FleetHarness[]): number =>
  Math.max(...lanes.flatMap(({ share }) => share.snapshot().dimensions.map(({ mostOvershoot }) => mostOvershoot)));

const leasedBy = ({ share }: FleetHarness): number => share.snapshot().dimensions[0]?.leased ?? 0;

const DRAWS = Array.from({ length: 12 }, (_, index) => index + 1);

describe('the documented bound on overshoot', () => {
  it.each(DRAWS)('holds when the store loses its state: draw %i', async (seed) => {
    const random = mulberry32(seed);
    const { clock, lanes, lose } = world(2 + Math.floor(random() * 5));
    const calls = lanes.flatMap((lane) => Array.from({ length: 400 }, () => watch(lane)));
    const elapsed = 5 + Math.floor(random() ** 3 * 6_000);
    await clock.advance(elapsed);
    const bound = boundOf(lanes);
    lose();
    const later = 20_000;
    await clock.advance(later);
    const sent = calls.filter(({ at }) => at !== undefined).length;
    expect(bound).toBeGreaterThan(0);
    expect(bound).toBeLessThan(LIMIT / 10);
    expect(sent).toBeLessThanOrEqual(LIMIT + PER_MS * (elapsed + later) + bound);
  });

  it.each(DRAWS)('covers all that processes hold, including those that were killed: draw %i', async (seed) => {
    const random = mulberry32(seed);
    const { clock, lanes, killFirst } = world(2 + Math.floor(random() * 5));
    for (const lane of lanes) for (let at = 0; at < 1 + random() * 30; at++) watch(lane);
    await clock.advance(1_000 + Math.floor(random() * 1_000));
    const inHand = lanes.reduce((sum, lane) => sum + leasedBy(lane), 0);
    expect(inHand).toBeGreaterThan(0);
    expect(boundOf(lanes)).toBeGreaterThanOrEqual(inHand - 1e-6);
    // A killed one reports nothing; what it holds counts by the number of survivors.
    const [dead, ...living] = lanes as [FleetHarness, ...FleetHarness[]];
    const held = leasedBy(dead);
    killFirst();
    await clock.advance(600);
    for (const lane of living) expect(boundOf([lane])).toBeGreaterThanOrEqual(held - 1e-6);
  });
});
