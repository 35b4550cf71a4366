import type { LanePoint, Point, TierName } from './state.ts';
import { TIERS } from './state.ts';

/** A timer may come a little early or late. */
const SLACK_MS = 500;

/** History points as JSON text, serialized once however many pages ask. */
export class History {
  readonly #tiers: Readonly<Record<TierName, Tier>> = { fine: new Tier(TIERS.fine), coarse: new Tier(TIERS.coarse) };

  /** Adds what has happened within the last `ms`. */
  add(ms: number, point: Point): void {
    const fine = this.#tiers.fine.add(ms, point);
    if (fine) this.#tiers.coarse.add(fine.ms, fine.point);
  }

  last(tier: TierName): number {
    return this.#tiers[tier].last;
  }

  /** JSON of the points after this number; all points if the number is unknown. */
  after(tier: TierName, number: number): string {
    return `[${this.#tiers[tier].after(number).join(',')}]`;
  }
}

class Tier {
  last = 0;
  readonly #settings: { readonly seconds: number; readonly most: number };
  readonly #texts: string[] = [];
  #open: Point | undefined;
  #ms = 0;

  constructor(settings: { readonly seconds: number; readonly most: number }) {
    this.#settings = settings;
  }

  /** @returns The coarser point that this one completed. */
  add(ms: number, point: Point): { readonly ms: number; readonly point: Point } | undefined {
    this.#open = this.#open ? merge(this.#open, point) : point;
    this.#ms += ms;
    if (this.#ms < this.#settings.seconds * 1000 - SLACK_MS) return undefined;
    const done = { ms: this.#ms, point: this.#open };
    this.#texts.push(JSON.stringify(done.point));
    if (this.#texts.length > this.#settings.most) this.#texts.shift();
    this.last++;
    this.#open = undefined;
    this.#ms = 0;
    return done;
  }

  after(number: number): readonly string[] {
    const missing = this.last - number;
    return missing >= 0 && missing <= this.#texts.length
      ? this.#texts.slice(this.#texts.length - missing)
      : this.#texts;
  }
}

/** Counts are summed; gauges keep the maximum, so that peaks stay visible. */
function merge(a: Point, b: Point): Point {
  const lanes: Record<string, LanePoint> = { ...a.lanes };
  for (const [key, point] of Object.entries(b.lanes)) {
    const other = lanes[key];
    lanes[key] = other ? most(other, point) : point;
  }
  return {
    t: b.t,
    calls: a.calls + b.calls,
    refused: sum(a.refused, b.refused),
    retries: sum(a.retries, b.retries),
    usd: a.usd === null ? b.usd : a.usd + (b.usd ?? 0),
    lanes,
  };
}

function most(a: LanePoint, b: LanePoint): LanePoint {
  const used = a[0] === null ? b[0] : Math.max(a[0], b[0] ?? 0);
  return [used, Math.max(a[1], b[1]), Math.max(a[2], b[2]), Math.max(a[3], b[3])];
}

function sum(a: Readonly<Record<string, number>>, b: Readonly<Record<string, number>>): Record<string, number> {
  const sums: Record<string, number> = { ...a };
  for (const [key, value] of Object.entries(b)) sums[key] = (sums[key] ?? 0) + value;
  return sums;
}
