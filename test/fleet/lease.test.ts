import { expect, it } from 'vitest';
import { Lease, type LeaseHost } from '../../src/fleet/lease.ts';
import { LimitBucket } from '../../src/pacing/limits/known-limit.ts';

const HOST: LeaseHost = { leases: true, hungry: () => 100, tell: () => undefined, spent: () => undefined };

it('requests the amount of the call that asks, which with an open circuit is the newest that waits', () => {
  const policy = { headroom: 0, smooth: false, corrects: false };
  const lease = new Lease(new LimitBucket('tokens', 60_000, 'config', policy, 0), HOST);
  const use = { next: 100, queued: 6_100, unanswered: 0, keeps: false, renewMs: 470, ends: false };
  expect(lease.report(use, 470, 470).need).toBe(100);
  expect(lease.waitMs(6_000)).toBe(100);
  expect(lease.report(use, 470, 940).need).toBe(6_000);
  lease.take(6_000);
  expect(lease.report(use, 470, 1_410).need).toBe(100);
  lease.waitMs(6_000);
  expect(lease.report({ ...use, next: 0, queued: 0 }, 470, 1_880).need).toBe(0);
});

/**
 * A process that makes a tenth of all calls; it charges what it has learned for a prompt, the provider `part` of it.
 */
function learns(part: number): number {
  const policy = { headroom: 0, smooth: false, corrects: false };
  const limit = new LimitBucket('tokens', 60_000, 'config', policy, 0);
  const lease = new Lease(limit, HOST);
  const use = { next: 0, queued: 0, unanswered: 0, keeps: false, renewMs: 470, ends: false };
  let total = 0;
  let left = 30_000;
  for (let now = 0; now <= 60_000; now += 500) {
    const report = lease.report(use, 500, now);
    const told = { limit: 60_000, windowMs: 60_000, full: 60_000, free: 30_000, kept: 0, unspentLeast: 0 };
    lease.granted({ ...told, name: 'tokens', granted: 50, total: total + 50, unspentMost: 150 }, report, now, now);
    lease.told({ sentAt: now, at: now, since: 0, left, burst: 60_000, tolerance: 0 });
    lease.take(50 * limit.countedShare.value);
    total += 500 * limit.countedShare.value;
    left += 500 * (1 - part);
  }
  return limit.countedShare.value;
}

it('learns from the consumption of all processes how much of a prompt the provider counts on arrival', () => {
  expect(learns(1)).toBeCloseTo(1, 2);
  expect(learns(0.7)).toBeCloseTo(0.7, 2);
});

it('admits a call that takes a few more tokens than were requested for it', () => {
  const policy = { headroom: 0, smooth: false, corrects: false };
  for (const [dimension, waits] of [
    ['tokens', 0],
    ['requests', 100],
  ] as const) {
    const lease = new Lease(new LimitBucket(dimension, 60_000, 'config', policy, 0), HOST);
    const use = { next: 100, queued: 100, unanswered: 0, keeps: false, renewMs: 470, ends: false };
    const report = lease.report(use, 470, 470);
    const told = { limit: 60_000, windowMs: 60_000, full: 60_000, free: 0, kept: 0, total: 100, unspentLeast: 0 };
    lease.granted({ ...told, name: dimension, granted: 100, unspentMost: 100 }, report, 470, 470);
    expect(lease.waitMs(104)).toBe(waits);
    expect(lease.waitMs(110)).toBe(100);
  }
});
