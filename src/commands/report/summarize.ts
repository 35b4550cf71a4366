import type { CallLine, HitLine, RecordLine } from '../../hits/hit-line.ts';
import { readLines } from '../read-lines.ts';

/** What a record tells of one limit of a pool. */
export interface LimitSummary {
  readonly pool: string;
  readonly dimension: string;
  readonly hits: number;
  /** Of the hits: calls that were given up. */
  readonly givenUp: number;
  /** Sum of the waits that calls were sent again after. */
  readonly waitedMs: number;
  readonly longestWaitMs: number;
  /** The last one that was told. */
  readonly limit: number | null;
  readonly first: string;
  readonly last: string;
  /** Hits by hour of the day, UTC. */
  readonly byHour: readonly number[];
  readonly byModel: Readonly<Record<string, number>>;
}

/** What the calls of a pool took; only where the record has them. */
export interface PoolCalls {
  readonly pool: string;
  readonly calls: number;
  readonly meanDurationMs: number;
  /** The most within one minute of the clock, of each by itself. */
  readonly busiest: Readonly<Amounts>;
  readonly sums: Readonly<Amounts>;
}

/** What calls take of limits. */
interface Amounts {
  requests: number;
  inputTokens: number;
  outputTokens: number;
  tokens: number;
}

export interface RecordSummary {
  readonly lines: number;
  /** Lines that are none of a record. */
  readonly skipped: number;
  readonly limits: readonly LimitSummary[];
  readonly pools: readonly PoolCalls[];
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
type Growing = Mutable<Omit<LimitSummary, 'byHour' | 'byModel'>> & { byHour: number[]; byModel: Map<string, number> };
interface GrowingPool {
  durationMs: number;
  readonly minutes: Map<number, Amounts>;
}

/** Reads records line by line; files of any size. */
export async function summarize(paths: readonly string[]): Promise<RecordSummary> {
  const limits = new Map<string, Growing>();
  const pools = new Map<string, GrowingPool>();
  let lines = 0;
  let skipped = 0;
  for (const path of paths) {
    for await (const { text } of readLines(path)) {
      lines++;
      const line = parse(text);
      if (!line) skipped++;
      else if (line.kind === 'hit') addHit(limits, line);
      else if (line.kind === 'call') addCall(pools, line);
    }
  }
  return {
    lines,
    skipped,
    limits: Array.from(limits.values(), (each) => ({ ...each, byModel: Object.fromEntries(each.byModel) })).sort(
      (a, b) => b.hits - a.hits,
    ),
    pools: Array.from(pools, ([pool, { durationMs, minutes }]) => {
      const sums = over(minutes.values(), (a, b) => a + b);
      const calls = sums.requests;
      return { pool, calls, meanDurationMs: durationMs / calls, busiest: over(minutes.values(), Math.max), sums };
    }),
  };
}

function parse(text: string): RecordLine | undefined {
  try {
    const line = JSON.parse(text) as Readonly<Record<string, unknown>> | null;
    return line?.['v'] === 1 && isRecord(line) ? (line as unknown as RecordLine) : undefined;
  } catch {
    return undefined;
  }
}

const NUMBERS = ['limit', 'used', 'waitMs', 'durationMs', 'waitedMs', 'inputTokens', 'outputTokens'];

/** What is read below is what it should be: a file may have been cut, edited or mixed up. */
function isRecord(line: Readonly<Record<string, unknown>>): boolean {
  const { kind, pool, at, model, dimension } = line;
  if (kind !== 'hit' && kind !== 'pause' && kind !== 'call') return false;
  if (typeof pool !== 'string' || typeof at !== 'string' || Number.isNaN(Date.parse(at))) return false;
  if (kind === 'hit' && typeof dimension !== 'string') return false;
  if (kind === 'call' && !(typeof line['durationMs'] === 'number' && typeof line['waitedMs'] === 'number'))
    return false;
  if (typeof (model ?? '') !== 'string') return false;
  return NUMBERS.every((name) => typeof (line[name] ?? 0) === 'number');
}

function addHit(limits: Map<string, Growing>, hit: HitLine): void {
  const key = JSON.stringify([hit.pool, hit.dimension]);
  let of = limits.get(key);
  if (!of) {
    const { pool, dimension, at } = hit;
    const none = { hits: 0, givenUp: 0, waitedMs: 0, longestWaitMs: 0, limit: null, first: at, last: at };
    of = { pool, dimension, ...none, byHour: Array.from({ length: 24 }, () => 0), byModel: new Map() };
    limits.set(key, of);
  }
  of.hits++;
  if (hit.waitMs === null) of.givenUp++;
  of.waitedMs += hit.waitMs ?? 0;
  of.longestWaitMs = Math.max(of.longestWaitMs, hit.waitMs ?? 0);
  of.limit = hit.limit ?? of.limit;
  if (hit.at < of.first) of.first = hit.at;
  if (hit.at > of.last) of.last = hit.at;
  of.byHour[new Date(hit.at).getUTCHours()]!++;
  const model = hit.model ?? 'none named';
  of.byModel.set(model, (of.byModel.get(model) ?? 0) + 1);
}

function addCall(pools: Map<string, GrowingPool>, call: CallLine): void {
  let pool = pools.get(call.pool);
  if (!pool) pools.set(call.pool, (pool = { durationMs: 0, minutes: new Map() }));
  // In flight, without the queue.
  pool.durationMs += Math.max(0, call.durationMs - call.waitedMs);
  const at = Math.floor(Date.parse(call.at) / 60_000);
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
