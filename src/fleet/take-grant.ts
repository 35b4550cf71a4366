import { type BucketDimension, isBucket, LIMIT_KINDS } from '../core/dimensions.ts';
import type { DividedLane } from '../pacing/limits/limit-divider.ts';
import type { Lease } from './lease.ts';
import type { Grant, Report } from './fleet-store.ts';

/** Hands a grant to the leases, and what others have learned to the lane; `at`: the time of the store's answer. */
export function takeGrant(
  leases: ReadonlyMap<BucketDimension, Lease>,
  lane: DividedLane,
  grant: Grant,
  report: Report,
  at: number,
  now: number,
): void {
  for (const each of grant.limits) {
    if (!isBucket(each.name as BucketDimension)) continue;
    const dimension = each.name as BucketDimension;
    const twin = LIMIT_KINDS[dimension].sameHeaderAs;
    const isTwin = lane.limits.some((known) => known.dimension === twin && known.limit === each.limit);
    if (!leases.has(dimension) && !isTwin) lane.learn(dimension, each.limit, each.full);
    const told = report.limits.find(({ name }) => name === each.name);
    leases.get(dimension)?.granted(each, told, at, now);
  }
}
