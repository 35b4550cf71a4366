import { systemClock } from '../core/clock.ts';
import type { DimensionSnapshot } from '../core/events.ts';
import type { Guard } from '../guard.ts';
import type { LimitLine } from './hit-line.ts';

/** Limits are learned gradually. */
const EVERY_MS = 5_000;

/** Writes a line about a limit when more is known: how much may be spent at once, and how it refills. */
export class LimitWatch {
  readonly #guard: Guard;
  readonly #write: (line: LimitLine) => void;
  readonly #known = new Map<string, string>();
  #lookedAt = -Infinity;

  constructor(guard: Guard, write: (line: LimitLine) => void) {
    this.#guard = guard;
    this.#write = write;
  }

  /** At most every five seconds, except for the last line. */
  look(isLast = false): void {
    const now = systemClock.now();
    if (!isLast && now - this.#lookedAt < EVERY_MS) return;
    this.#lookedAt = now;
    const at = new Date(systemClock.wall()).toISOString();
    for (const { lane, dimensions } of this.#guard.snapshot()) {
      for (const each of dimensions) this.#tell(lane, each, at);
    }
  }

  #tell(pool: string, { dimension, limit, atOnce, refillPerSecond, beliefs }: DimensionSnapshot, at: string): void {
    if (atOnce === undefined || refillPerSecond === undefined || !Number.isFinite(limit)) return;
    const shape = {
      limit,
      atOnce: Math.round(atOnce),
      perMinute: Math.round(refillPerSecond * 60),
      fixedWindow: beliefs?.includes('fixed_window') === true,
    };
    const key = `${pool} ${dimension}`;
    const text = JSON.stringify(shape);
    if (this.#known.get(key) === text) return;
    this.#known.set(key, text);
    this.#write({ v: 1, kind: 'limit', at, pool, dimension, ...shape });
  }
}
