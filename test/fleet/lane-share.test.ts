import { describe, expect, it } from 'vitest';
import { AdmissionRefused } from '../../src/core/admission.ts';
import type { LimitReading } from '../../src/core/outcome.ts';
import { MemoryStore } from '../../src/fleet/memory-store.ts';
import type { FleetStore } from '../../src/fleet/fleet-store.ts';
import { VirtualClock } from '../helpers/virtual-clock.ts';
import { fail, finish, reading, watch } from '../pacing/harness.ts';
import { fleetLane } from './fleet-lane.ts';

const RPM = { requestsPerMinute: 600 };

function setup(): { clock: VirtualClock; store: FleetStore } {
  const clock = new VirtualClock();
  return { clock, store: new MemoryStore(clock) };
}

/** A store that never answers, or always fails. */
const silent: FleetStore = { exchange: () => new Promise(() => undefined) };
const broken: FleetStore = { exchange: () => Promise.reject(new Error('READONLY You may not write')) };

describe("a process's share of a lane", () => {
  it('follows the lease: two processes send no more than the limit together', async () => {
    const { clock, store } = setup();
    const lanes = [fleetLane(store, clock, RPM), fleetLane(store, clock, RPM)];
    const calls = lanes.flatMap((lane) => Array.from({ length: 700 }, () => watch(lane)));
    await clock.advance(6_000);
    const sent = calls.filter(({ at }) => at !== undefined).length;
    // A bucket, and the refill of six seconds.
    expect(sent).toBeGreaterThan(630);
    expect(sent).toBeLessThanOrEqual(660);
    for (const { share } of lanes) expect(share.snapshot()).toMatchObject({ mode: 'shared', processes: 2, active: 2 });
  });

  it('does not take a burst for a rate: after it at most a second of the limit is kept in reserve', async () => {
    const { clock, store } = setup();
    const lane = fleetLane(store, clock, { requestsPerMinute: 6_000 });
    fleetLane(store, clock, { requestsPerMinute: 6_000 });
    finish((await settled(clock, watch(lane))).ticket);
    await clock.advance(5_000);
    const calls = Array.from({ length: 1_000 }, () => watch(lane));
    await clock.advance(1_000);
    for (const { ticket } of calls) finish(ticket);
    await clock.advance(1_000);
    expect(lane.share.snapshot().dimensions[0]!.leased).toBeLessThanOrEqual(100);
  });

  it('passes learned limits to a new process', async () => {
    const { clock, store } = setup();
    const first = fleetLane(store, clock);
    const call = watch(first);
    await clock.advance(100);
    finish(call.ticket, [reading('requests', 600, 599)]);
    await clock.advance(1_000);
    const second = fleetLane(store, clock);
    await clock.advance(100);
    expect(second.limits).toEqual([{ dimension: 'requests', limit: 600, source: 'learned' }]);
  });

  it('lets a call wait 50 ms for a store that does not answer, and then continues with its own share', async () => {
    const { clock } = setup();
    const lane = fleetLane(silent, clock, RPM);
    const calls = Array.from({ length: 100 }, () => watch(lane));
    await clock.advance(45);
    expect(calls[0]!.at).toBeUndefined();
    await clock.advance(10);
    expect(calls[0]!.at).toBeDefined();
    await clock.advance(10_000);
    // A fourth of 10 a second, and half a second of it that was saved up.
    const sent = calls.filter(({ at }) => at !== undefined).length;
    expect(sent).toBeGreaterThan(20);
    expect(sent).toBeLessThan(30);
    expect(lane.modes).toEqual(['alone']);
  });

  it('never lets an error of the store reach a call', async () => {
    const { clock } = setup();
    const thrower: FleetStore = {
      exchange: () => {
        throw new Error('not even a promise');
      },
    };
    for (const store of [broken, thrower]) {
      const lane = fleetLane(store, clock, RPM);
      const call = watch(lane);
      await clock.advance(20);
      expect(call.error).toBeUndefined();
      expect(call.ticket).toBeDefined();
    }
  });

  it('recovers within two seconds, without a burst', async () => {
    const { clock, store } = setup();
    let isDown = false;
    const flaky: FleetStore = {
      exchange: (lane, report) => (isDown ? Promise.reject(new Error('closed')) : store.exchange(lane, report)),
    };
    const lanes = [fleetLane(flaky, clock, RPM), fleetLane(flaky, clock, RPM)];
    const calls = lanes.flatMap((lane) => Array.from({ length: 2_000 }, () => watch(lane)));
    const sent = (): number => calls.filter(({ at }) => at !== undefined).length;
    await clock.advance(10_000);
    isDown = true;
    await clock.advance(30_000);
    const before = sent();
    expect(lanes.map(({ share }) => share.mode)).toEqual(['alone', 'alone']);
    isDown = false;
    await clock.advance(2_000);
    expect(lanes.map(({ share }) => share.mode)).toEqual(['shared', 'shared']);
    expect(sent() - before).toBeLessThan(40);
    await clock.advance(10_000);
    // Since the start no more than a bucket and the refill, whoever counted it, and what each had saved up alone.
    expect(sent()).toBeLessThanOrEqual(600 + 520 + 2 * 5);
  });

  it('pauses when another process is told to, within half a second', async () => {
    const { clock, store } = setup();
    const [first, second] = [fleetLane(store, clock, RPM), fleetLane(store, clock, RPM)];
    const call = watch(first);
    finish((await settled(clock, watch(second))).ticket);
    await clock.advance(100);
    fail(call.ticket, { outcome: 'throttled', dimension: 'requests', hintMs: 5_000 });
    watch(first);
    await clock.advance(500);
    expect(second.lane.pausedForMs()).toBeGreaterThan(4_000);
    expect(second.lane.pausedForMs()).toBeLessThanOrEqual(5_000);
    const late = watch(second);
    await clock.advance(3_000);
    expect(late.at).toBeUndefined();
    await clock.advance(3_000);
    expect(late.at).toBeDefined();
  });

  it('reports a pause within half a second even if its own calls wait longer for their turn', async () => {
    const { clock, store } = setup();
    const told: number[] = [];
    const watched: FleetStore = {
      exchange: (lane, report) => {
        if (report.pauseMs > 0) told.push(clock.now());
        return store.exchange(lane, report);
      },
    };
    const [first, second] = [watched, store].map((each) => fleetLane(each, clock, { requestsPerMinute: 12 }));
    const call = await settled(clock, watch(first!));
    for (let more = 0; more < 20; more++) watch(second!);
    await clock.advance(1_000);
    for (let more = 0; more < 20; more++) watch(first!);
    await clock.advance(3_000);
    const failedAt = clock.now();
    fail(call.ticket, { outcome: 'throttled', dimension: 'requests', hintMs: 20_000 });
    await clock.advance(5_000);
    expect(told[0]! - failedAt).toBeLessThanOrEqual(500);
  });

  it('gives up its lease of a limit that another process has found cut, within half a second', async () => {
    const { clock, store } = setup();
    const [first, second] = [fleetLane(store, clock), fleetLane(store, clock)];
    const told = (limit: number, left: number): LimitReading[] => [reading('requests', limit, left)];
    finish((await settled(clock, watch(first))).ticket, told(6_000, 5_999));
    await clock.advance(31_000);
    // It spends a hundred a second, and has as much in reserve.
    for (let turn = 0; turn < 50; turn++) {
      const calls = Array.from({ length: 10 }, () => watch(second));
      await clock.advance(100);
      for (const { ticket } of calls) finish(ticket);
    }
    expect(second.share.snapshot().dimensions[0]!.leased).toBeGreaterThan(20);
    finish((await settled(clock, watch(first))).ticket, told(60, 1));
    await clock.advance(500);
    expect(second.lane.dimensions()[0]).toMatchObject({ dimension: 'requests', limit: 60 });
    expect(second.share.snapshot().dimensions[0]!.leased).toBeLessThanOrEqual(2);
  });

  it('avoids a quota that another process has found exhausted, and learns when it no longer is', async () => {
    const { clock, store } = setup();
    const [first, second] = [fleetLane(store, clock, RPM), fleetLane(store, clock, RPM)];
    const call = await settled(clock, watch(first));
    finish((await settled(clock, watch(second))).ticket);
    fail(call.ticket, { outcome: 'quota_exhausted', retryable: false });
    const asking = await settled(clock, watch(first));
    fail(asking.ticket, { outcome: 'quota_exhausted', retryable: false });
    await clock.advance(1_000);
    const refused = await settled(clock, watch(second));
    expect(refused.error).toBeInstanceOf(AdmissionRefused);
    expect(refused.error).toMatchObject({ reason: 'quota' });
    // One call a minute is tried.
    await clock.advance(60_000);
    finish((await settled(clock, watch(first))).ticket);
    await clock.advance(1_000);
    expect((await settled(clock, watch(second))).ticket).toBeDefined();
  });

  it('opens its circuit when another process has opened its own', async () => {
    const { clock, store } = setup();
    const [first, second] = [fleetLane(store, clock, RPM), fleetLane(store, clock, RPM)];
    for (const lane of [first, second]) finish((await settled(clock, watch(lane))).ticket);
    first.share.circuit(5_000);
    await clock.advance(600);
    expect([first.trips.length, second.trips.length]).toEqual([0, 1]);
    // It does not report as its own what it learned from others.
    second.share.circuit(5_000);
    await clock.advance(10_000);
    expect([first.trips.length, second.trips.length]).toEqual([0, 1]);
  });

  it('leaves at the end, and takes nothing from those that stay', async () => {
    const { clock, store } = setup();
    const [first, second] = [fleetLane(store, clock, RPM), fleetLane(store, clock, RPM)];
    for (const lane of [first, second]) finish((await settled(clock, watch(lane))).ticket);
    await clock.advance(500);
    expect(second.share.fleet).toBe(2);
    first.lane.close();
    await clock.advance(1_000);
    expect(second.share.fleet).toBe(1);
    second.lane.close();
    await clock.advance(1_000);
    expect(clock.pending()).toBe(0);
  });

  it('exchanges at most about twice a second, and seldom when idle', async () => {
    const { clock, store } = setup();
    let exchanges = 0;
    const counted: FleetStore = {
      exchange: (lane, report) => {
        exchanges++;
        return store.exchange(lane, report);
      },
    };
    const lane = fleetLane(counted, clock, { requestsPerMinute: 60_000 });
    for (let call = 0; call < 2_000; call++) {
      finish((await settled(clock, watch(lane), 0)).ticket);
      await clock.advance(5);
    }
    // 200 calls a second for ten seconds.
    expect(exchanges).toBeLessThan(60);
    exchanges = 0;
    await clock.advance(60_000);
    expect(exchanges).toBeLessThan(45);
    await clock.advance(60_000);
    exchanges = 0;
    await clock.advance(60_000);
    expect(exchanges).toBe(20);
  });
});

async function settled<T>(clock: VirtualClock, watched: T, ms = 20): Promise<T> {
  await clock.advance(ms);
  return watched;
}
