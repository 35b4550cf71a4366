import { expect, it } from 'vitest';
import { Lease, type LeaseHost } from '../../src/fleet/lease.ts';
import { LimitBucket } from '../../src/pacing/limits/known-limit.ts';

const HOST: LeaseHost = { leases: true, hungry: () => 100, tell: () => undefined, spent: () => undefined };

it('asks for what the call needs that is asked for, which of an open circuit is the newest that waits', () => {
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
