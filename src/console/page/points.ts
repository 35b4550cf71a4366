import type { LanePoint, Point, TierName, Update } from '../state.ts';
import { TIERS } from '../state.ts';

interface Tier {
  last: number;
  points: Point[];
}

const empty = (): Record<TierName, Tier> => ({ fine: { last: 0, points: [] }, coarse: { last: 0, points: [] } });

/** The page's copy of the history, bounded as the server's is. */
export class Points {
  #tiers = empty();
  #startedAt = 0;

  /** Number of the last point of a tier; 0 if there is none. */
  last(tier: TierName): number {
    return this.#tiers[tier].last;
  }

  of(tier: TierName): readonly Point[] {
    return this.#tiers[tier].points;
  }

  /** @returns Whether the server has restarted, in which case the missing points must be requested again. */
  add({ state, points }: Update): boolean {
    const isOther = this.#startedAt !== 0 && this.#startedAt !== state.startedAt;
    this.#startedAt = state.startedAt;
    if (isOther) {
      this.#tiers = empty();
      return true;
    }
    for (const name of ['fine', 'coarse'] as const) {
      const tier = this.#tiers[name];
      const { last, added } = points[name];
      // The server sends everything if it does not know the number.
      if (added.length > last - tier.last) tier.points = [];
      tier.points.push(...added);
      tier.points.splice(0, tier.points.length - TIERS[name].most);
      tier.last = last;
    }
    return false;
  }
}

/** A number of each lane over time. */
export const ofLane = (points: readonly Point[], key: string, index: keyof LanePoint & number): (number | null)[] =>
  points.map(({ lanes }) => lanes[key]?.[index as 0] ?? null);

/** Names by their counts, largest first. */
export function kindsOf(points: readonly Point[], counts: 'refused' | 'retries'): string[] {
  const sums = new Map<string, number>();
  for (const point of points) {
    for (const [kind, count] of Object.entries(point[counts])) sums.set(kind, (sums.get(kind) ?? 0) + count);
  }
  return [...sums].sort(([a, x], [b, y]) => y - x || a.localeCompare(b)).map(([kind]) => kind);
}
