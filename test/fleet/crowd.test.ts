import { describe, expect, it } from 'vitest';
import { VirtualClock } from '../helpers/virtual-clock.ts';
import type { FleetStore, Grant, NewsListener, Report } from '../../src/fleet/fleet-store.ts';
import { MemoryStore } from '../../src/fleet/memory-store.ts';
import { fail, finish, reading, watch } from '../pacing/harness.ts';
import { type FleetHarness, fleetLane } from './fleet-lane.ts';

const MANY = 32;
const RPM = { requestsPerMinute: 6_000 };

/** A store that counts exchanges, and whose news can be cut off. */
class CountedStore implements FleetStore {
  exchanges = 0;
  readonly listeners = new Set<NewsListener>();
  readonly #store: MemoryStore;

  constructor(clock: VirtualClock) {
    this.#store = new MemoryStore(clock);
  }

  exchange(lane: string, report: Report): Promise<Grant> {
    this.exchanges++;
    return this.#store.exchange(lane, report);
  }

  listen(lane: string, listener: NewsListener): () => void {
    const leave = this.#store.listen(lane, listener);
    this.listeners.add(listener);
    return () => {
      leave();
      this.listeners.delete(listener);
    };
  }
}

interface Crowd {
  readonly clock: VirtualClock;
  readonly store: CountedStore;
  readonly lanes: readonly FleetHarness[];
}

/** Many processes that have been busy long enough to exchange seldom. */
async function crowd(): Promise<Crowd> {
  const clock = new VirtualClock();
  const store = new CountedStore(clock);
  const lanes = Array.from({ length: MANY }, () => fleetLane(store, clock, RPM));
  await work({ clock, store, lanes }, 40);
  return { clock, store, lanes };
}

async function work({ clock, lanes }: Crowd, seconds: number): Promise<void> {
  for (let turn = 0; turn < seconds; turn++) {
    const calls = lanes.map((lane) => watch(lane));
    await clock.advance(1_000);
    for (const { ticket } of calls) if (ticket) finish(ticket);
  }
}

describe('many processes', () => {
  it('exchange less often when they receive urgent news', async () => {
    const made = await crowd();
    made.store.exchanges = 0;
    await work(made, 20);
    expect(made.store.exchanges).toBeLessThan(20 * 20);
  });

  it('pause within half a second when one of them is asked to', async () => {
    const { clock, lanes } = await crowd();
    const call = watch(lanes[0]!);
    await clock.advance(100);
    fail(call.ticket, { outcome: 'throttled', dimension: 'requests', hintMs: 5_000 });
    watch(lanes[0]!);
    await clock.advance(500);
    for (const { lane } of lanes) expect(lane.pausedForMs()).toBeGreaterThan(4_000);
  });

  it('give up their leases of a limit that one of them has found cut, within half a second', async () => {
    const { clock, lanes } = await crowd();
    const call = watch(lanes[0]!);
    await clock.advance(100);
    finish(call.ticket, [reading('requests', 60, 1)]);
    await clock.advance(500);
    const leased = lanes.map(({ share }) => share.snapshot().dimensions[0]!.leased);
    expect(leased.reduce((sum, each) => sum + each, 0)).toBeLessThanOrEqual(2);
  });

  it('exchange twice a second again as soon as they receive no news', async () => {
    const made = await crowd();
    for (const { onHears } of made.store.listeners) onHears(false);
    await made.clock.advance(500);
    made.store.exchanges = 0;
    await work(made, 10);
    expect(made.store.exchanges).toBeGreaterThan(10 * MANY);
  });

  it('leave no subscription', async () => {
    const { clock, store, lanes } = await crowd();
    expect(store.listeners.size).toBe(MANY);
    for (const { lane } of lanes) lane.close();
    await clock.advance(1_000);
    expect(store.listeners.size).toBe(0);
    expect(clock.pending()).toBe(0);
  });
});

it('do not subscribe when they are few', async () => {
  const clock = new VirtualClock();
  const store = new CountedStore(clock);
  const lanes = Array.from({ length: 7 }, () => fleetLane(store, clock, RPM));
  await work({ clock, store, lanes }, 5);
  expect(store.listeners.size).toBe(0);
});
