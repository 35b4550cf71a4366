import type { LevelSample } from '../pacing/limits/limit.ts';
import type { LimitGrant, SampleReport } from './fleet-store.ts';

/** A sample, and this process's total consumption when its request was sent, including that request. */
export interface OwnSample extends LevelSample {
  readonly own: number;
}

/** Consumption and leases of the others just after an exchange. */
interface Point {
  readonly at: number;
  readonly total: number;
  readonly unspentLeast: number;
  readonly unspentMost: number;
}

/** Answers that take longer are of no use. */
const KEPT_MS = 120_000;
const MAX_POINTS = 400;

/**
 * History of the other processes' consumption of a limit: a sample belongs to the moment at which its request was
 * counted, which may lie between two exchanges.
 */
export class Totals {
  readonly #points: Point[] = [];

  /** `spent` and `left` of this process are what it had reported. */
  add(at: number, grant: LimitGrant, spent: number, left: number): void {
    const { total, unspentLeast, unspentMost, granted } = grant;
    this.#points.push({
      at,
      total: total - spent - granted,
      unspentLeast: Math.max(0, unspentLeast - Math.min(Math.max(0, left), granted)),
      unspentMost: Math.max(0, unspentMost - granted),
    });
    while (this.#points.length > MAX_POINTS || this.#points[0]!.at < at - KEPT_MS) this.#points.shift();
  }

  forget(): void {
    this.#points.length = 0;
  }

  /** Whether a sample of this time can be reported: the exchanges before and after it must be known. */
  covers(at: number): boolean {
    const [first] = this.#points;
    return first !== undefined && first.at <= at && this.#points.at(-1)!.at >= at;
  }

  /** The report of a sample that is covered. */
  report({ sentAt, at, left, own, tolerance }: OwnSample, now: number): SampleReport {
    let index = this.#points.length - 1;
    while (index > 0 && this.#points[index]!.at > sentAt) index--;
    const before = this.#points[index]!;
    const after = this.#points[index + 1] ?? before;
    const part = Math.min(1, (sentAt - before.at) / Math.max(1, after.at - before.at));
    const between = (from: number, to: number): number => from + part * (to - from);
    return {
      ageMs: now - at,
      left,
      total: own + between(before.total, after.total),
      unspentLeast: between(before.unspentLeast, after.unspentLeast) - tolerance,
      unspentMost: between(before.unspentMost, after.unspentMost) + tolerance,
    };
  }
}
