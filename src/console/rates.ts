import type { Counter, CounterKind } from './reading.ts';

/** Interval over which rates are averaged. */
const RATE_MS = 10_000;
/** Interval of "within the last minute". */
const RECENT_MS = 60_000;

interface Growth {
  readonly atMs: number;
  readonly ms: number;
  /** By kind and lane, then by label. */
  readonly by: ReadonlyMap<string, readonly Counter[]>;
}

/** Recent growth of the counters of one source. */
export class Rates {
  #before: ReadonlyMap<string, number> | undefined;
  #beforeMs = 0;
  #growths: Growth[] = [];

  /** Takes the counters of a reading. @returns the growth since the last one */
  add(atMs: number, counters: readonly Counter[]): readonly Counter[] {
    const before = this.#before;
    const added = before ? counters.flatMap((counter) => grown(counter, before)) : [];
    if (before) {
      this.#growths.push({ atMs, ms: atMs - this.#beforeMs, by: byLane(added) });
      this.#growths = this.#growths.filter((growth) => growth.atMs > atMs - RECENT_MS);
    }
    this.#before = new Map(counters.map((counter) => [keyOf(counter), counter.value]));
    this.#beforeMs = atMs;
    return added;
  }

  /** Per second over the last ten seconds, for every lane without a label. */
  perSecond(kind: CounterKind, label?: string): number {
    const last = this.#growths.at(-1);
    if (!last) return 0;
    let ms = 0;
    let sum = 0;
    for (const growth of this.#growths) {
      if (growth.atMs <= last.atMs - RATE_MS) continue;
      ms += growth.ms;
      const counters = label === undefined ? [...growth.by.values()].flat() : growth.by.get(`${kind}\n${label}`);
      for (const counter of counters ?? []) if (counter.kind === kind) sum += counter.value;
    }
    return ms > 0 ? (sum * 1000) / ms : 0;
  }

  /** Growth within the last minute, for every lane. */
  recent(kind: CounterKind): number {
    let sum = 0;
    for (const { by } of this.#growths) {
      for (const counters of by.values()) for (const each of counters) if (each.kind === kind) sum += each.value;
    }
    return sum;
  }

  /** Growth within the last minute for a lane, by label. */
  recentBy(kind: CounterKind, label: string): Record<string, number> {
    const sums: Record<string, number> = {};
    for (const { by: growth } of this.#growths) {
      for (const { by, value } of growth.get(`${kind}\n${label}`) ?? []) sums[by] = (sums[by] ?? 0) + value;
    }
    return sums;
  }
}

function grown(counter: Counter, before: ReadonlyMap<string, number>): Counter[] {
  const old = before.get(keyOf(counter)) ?? 0;
  // A counter that decreased means that the process restarted.
  const value = counter.value >= old ? counter.value - old : counter.value;
  return value > 0 ? [{ ...counter, value }] : [];
}

function byLane(counters: readonly Counter[]): Map<string, Counter[]> {
  const lanes = new Map<string, Counter[]>();
  for (const counter of counters) {
    const key = `${counter.kind}\n${counter.label}`;
    const known = lanes.get(key);
    if (known) known.push(counter);
    else lanes.set(key, [counter]);
  }
  return lanes;
}

const keyOf = ({ kind, label, by }: Counter): string => `${kind}\n${label}\n${by}`;
