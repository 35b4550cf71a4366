import { type Dimension, isBucket, LIMIT_KINDS } from '../../core/dimensions.ts';
import type { CallLine, HitLine } from '../../hits/hit-line.ts';
import { readRecord } from '../../hits/read-record.ts';

/** One limit of a pool, as recorded. */
export interface LimitSummary {
  readonly pool: string;
  readonly provider: string;
  readonly dimension: string;
  readonly hits: number;
  /** Hits after which the call was given up. */
  readonly givenUp: number;
  /** Sum of the waits before retries. */
  readonly waitedMs: number;
  readonly longestWaitMs: number;
  /** The last recorded value. */
  readonly limit: number | null;
  /** How far refused calls exceeded the limit, if recorded; else null. */
  readonly over: { readonly mean: number; readonly most: number } | null;
  readonly first: string;
  readonly last: string;
  /** Hits by hour of the day, UTC. */
  readonly byHour: readonly number[];
  /** Hits by hour of the week, UTC, from Monday on: 168. */
  readonly byWeekHour: readonly number[];
  /** Hits by hour, in milliseconds since 1970. */
  readonly byTime: readonly (readonly [number, number])[];
  readonly byModel: Readonly<Record<string, number>>;
}

/** Usage of the calls of a pool; only if they were recorded. */
export interface PoolCalls {
  readonly pool: string;
  readonly provider: string;
  readonly calls: number;
  readonly meanDurationMs: number;
  /** Maximum within one minute of the clock, of each separately. */
  readonly busiest: Readonly<Amounts>;
  readonly sums: Readonly<Amounts>;
  /** By minute, in milliseconds since 1970. */
  readonly minutes: readonly (readonly [number, Readonly<Amounts>])[];
  /** Limits per minute, by the last record. */
  readonly limits: Readonly<Partial<Amounts>>;
}

/** Amounts of calls that count towards limits. */
export interface Amounts {
  requests: number;
  inputTokens: number;
  outputTokens: number;
  tokens: number;
}

export interface RecordSummary {
  readonly lines: number;
  /** Lines that are not valid records. */
  readonly skipped: number;
  readonly limits: readonly LimitSummary[];
  readonly pools: readonly PoolCalls[];
}

interface Growing {
  readonly pool: string;
  readonly provider: string;
  readonly dimension: string;
  hits: number;
  givenUp: number;
  waitedMs: number;
  longestWaitMs: number;
  limit: number | null;
  readonly over: { count: number; sum: number; most: number };
  first: string;
  last: string;
  readonly byWeekHour: number[];
  readonly byTime: Map<number, number>;
  readonly byModel: Map<string, number>;
}

interface GrowingPool {
  readonly provider: string;
  durationMs: number;
  readonly minutes: Map<number, Amounts>;
}

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** Reads records line by line; files of any size. */
export async function summarize(paths: readonly string[]): Promise<RecordSummary> {
  const limits = new Map<string, Growing>();
  const pools = new Map<string, GrowingPool>();
  const told = new Map<string, Partial<Amounts>>();
  let lines = 0;
  let skipped = 0;
  for await (const line of readRecord(paths)) {
    lines++;
    if (!line) skipped++;
    else if (line.kind === 'hit') addHit(limits, line);
    else if (line.kind === 'call') addCall(pools, line);
    if (line?.kind === 'hit' || line?.kind === 'limit') tell(told, line.pool, line.dimension, line.limit);
  }
  return {
    lines,
    skipped,
    limits: Array.from(limits.values(), finished).sort((a, b) => b.hits - a.hits),
    pools: Array.from(pools, ([pool, { provider, durationMs, minutes }]) => {
      const sums = over(minutes.values(), (a, b) => a + b);
      const calls = sums.requests;
      return {
        pool,
        provider,
        calls,
        meanDurationMs: durationMs / calls,
        busiest: over(minutes.values(), Math.max),
        sums,
        minutes: [...minutes].map(([minute, amounts]) => [minute * MINUTE, amounts] as const).sort(([a], [b]) => a - b),
        limits: told.get(pool) ?? {},
      };
    }),
  };
}

function tell(told: Map<string, Partial<Amounts>>, pool: string, dimension: string, limit: number | null): void {
  if (limit === null || !isBucket(dimension as Dimension)) return;
  const { unit, perDay } = LIMIT_KINDS[dimension as keyof typeof LIMIT_KINDS];
  if (perDay || dimension === 'project_tokens') return;
  let limits = told.get(pool);
  if (!limits) told.set(pool, (limits = {}));
  limits[unit] = limit;
}

function addHit(limits: Map<string, Growing>, hit: HitLine): void {
  const key = JSON.stringify([hit.pool, hit.dimension]);
  let of = limits.get(key);
  if (!of) {
    const { pool, provider, dimension, at } = hit;
    of = {
      pool,
      provider,
      dimension,
      hits: 0,
      givenUp: 0,
      waitedMs: 0,
      longestWaitMs: 0,
      limit: null,
      over: { count: 0, sum: 0, most: 0 },
      first: at,
      last: at,
      byWeekHour: Array.from({ length: 7 * 24 }, () => 0),
      byTime: new Map(),
      byModel: new Map(),
    };
    limits.set(key, of);
  }
  of.hits++;
  if (hit.waitMs === null) of.givenUp++;
  of.waitedMs += hit.waitMs ?? 0;
  of.longestWaitMs = Math.max(of.longestWaitMs, hit.waitMs ?? 0);
  of.limit = hit.limit ?? of.limit;
  if (hit.limit !== null && hit.used !== null && typeof hit.requested === 'number') {
    const beyond = Math.max(0, hit.used + hit.requested - hit.limit);
    of.over.count++;
    of.over.sum += beyond;
    of.over.most = Math.max(of.over.most, beyond);
  }
  if (hit.at < of.first) of.first = hit.at;
  if (hit.at > of.last) of.last = hit.at;
  const date = new Date(hit.at);
  const day = (date.getUTCDay() + 6) % 7;
  of.byWeekHour[day * 24 + date.getUTCHours()]!++;
  const hour = Math.floor(date.getTime() / HOUR) * HOUR;
  of.byTime.set(hour, (of.byTime.get(hour) ?? 0) + 1);
  const model = hit.model ?? 'none named';
  of.byModel.set(model, (of.byModel.get(model) ?? 0) + 1);
}

function finished({ over: { count, sum, most }, byTime, byModel, ...of }: Growing): LimitSummary {
  return {
    ...of,
    over: count === 0 ? null : { mean: sum / count, most },
    byHour: Array.from({ length: 24 }, (_, hour) =>
      of.byWeekHour.reduce((all, hits, at) => all + (at % 24 === hour ? hits : 0), 0),
    ),
    byTime: [...byTime].sort(([a], [b]) => a - b),
    byModel: Object.fromEntries(byModel),
  };
}

function addCall(pools: Map<string, GrowingPool>, call: CallLine): void {
  let pool = pools.get(call.pool);
  if (!pool) pools.set(call.pool, (pool = { provider: call.provider, durationMs: 0, minutes: new Map() }));
  // In flight, without the queue.
  pool.durationMs += Math.max(0, call.durationMs - call.waitedMs);
  const at = Math.floor(Date.parse(call.at) / MINUTE);
  const minute = pool.minutes.get(at) ?? none();
  const input = call.inputTokens ?? 0;
  const output = call.outputTokens ?? 0;
  minute.requests++;
  minute.inputTokens += input;
  minute.outputTokens += output;
  minute.tokens += input + output;
  pool.minutes.set(at, minute);
}

const none = (): Amounts => ({ requests: 0, inputTokens: 0, outputTokens: 0, tokens: 0 });

function over(minutes: Iterable<Amounts>, join: (a: number, b: number) => number): Amounts {
  const all = none();
  for (const minute of minutes) {
    for (const kind of Object.keys(all) as (keyof Amounts)[]) all[kind] = join(all[kind], minute[kind]);
  }
  return all;
}
