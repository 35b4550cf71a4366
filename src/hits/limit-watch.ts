import type { Clock } from '../core/clock.ts';
import type { DimensionSnapshot } from '../core/snapshot.ts';
import type { Guard } from '../guard.ts';
import type { LimitLine } from './hit-line.ts';

/** Limits are learned gradually. */
const EVERY_MS = 5_000;

/** Writes a line about a limit when more is known: how much may be spent at once, and how it refills. */
export class LimitWatch {
  readonly #guard: Guard;
  readonly #write: (line: LimitLine) => void;
  readonly #clock: Clock;
  readonly #known = new Map<string, string>();
  #lookedAt = -Infinity;

  constructor(guard: Guard, write: (line: LimitLine) => void, clock: Clock) {
    this.#guard = guard;
    this.#write = write;
    this.#clock = clock;
  }

  /** At most every five seconds, except for the last line. */
  look(isLast = false): void {
    const now = this.#clock.now();
    if (!isLast && now - this.#lookedAt < EVERY_MS) return;
    this.#lookedAt = now;
    const at = new Date(this.#clock.wall()).toISOString();
    for (const { lane, dimensions } of this.#guard.snapshot()) {
      for (const each of dimensions) this.#tell(lane, each, at);
    }
  }

  #tell(pool: string, row: DimensionSnapshot, at: string): void {
    const { dimension, limit, source, beliefs = [] } = row;
    const shape = shapeOf(row);
    if (!shape || !Number.isFinite(limit)) return;
    const key = `${pool} ${dimension}`;
    const line = { ...shape, source, ofBucket: beliefs.includes('short_bucket') };
    const text = JSON.stringify(line);
    if (this.#known.get(key) === text) return;
    this.#known.set(key, text);
    this.#write({ v: 1, kind: 'limit', at, pool, dimension, ...line });
  }
}

type Shape = Pick<LimitLine, 'limit' | 'atOnce' | 'perMinute' | 'fixedWindow'>;

function shapeOf({ limit, atOnce, refillPerSecond, beliefs }: DimensionSnapshot): Shape | undefined {
  if (atOnce === undefined || refillPerSecond === undefined) return undefined;
  return {
    limit,
    atOnce: Math.round(atOnce),
    perMinute: Math.round(refillPerSecond * 60),
    fixedWindow: beliefs?.includes('fixed_window') === true,
  };
}
