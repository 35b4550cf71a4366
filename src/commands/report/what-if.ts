import { LIMIT_KINDS, type LimitOption } from '../../core/dimensions.ts';
import type { CallLine } from '../../hits/hit-line.ts';
import { replay, REPLAYED, type ReplayResult } from '../../hits/replay/replay.ts';
import { type LimitShapes, shapesOf } from '../../hits/replay/limit-shapes.ts';
import { fitShapes, type Recorded, recordedOf } from '../../hits/replay/fit-shapes.ts';
import { paceOf, withoutBurst, withPace } from '../../hits/replay/unnamed-limit.ts';
import type { RecordedCall } from '../../hits/replay/replay-provider.ts';
import { limitTable } from '../../simulator/limits/limit-table.ts';
import type { SimulatorLimits } from '../../simulator/limits/limits.ts';
import { PRESETS, type PresetName } from '../../simulator/limits/presets.ts';
import { duration, number } from '../amounts.ts';
import { harmless } from '../harmless.ts';
import { tableText } from '../table.ts';
import { poolsOf } from './recorded-pools.ts';

/** The change to try. */
export interface Change {
  /** The argument as given. */
  readonly text: string;
  readonly tier?: string;
  readonly limits: Partial<Record<LimitOption, number>>;
  readonly maxTokens?: number;
}

/** Enough calls to find out how limits are counted; each candidate way takes a replay. */
const MAX_FITTED = 3_000;

/** Options by the abbreviations of their limits: `rpm`, `tpd`. */
const LIMITS: Readonly<Record<string, LimitOption>> = Object.fromEntries(
  Object.values(LIMIT_KINDS).flatMap(({ abbreviation, option }) =>
    abbreviation && option ? [[abbreviation.toLowerCase(), option]] : [],
  ),
);

/** Reads `tier=launch`, `tpm=2000000`, `max_tokens=800`, or several with commas. @throws Error for anything else. */
export function parseChange(text: string): Change {
  let change: Change = { text, limits: {} };
  const named = new Set<string>();
  for (const part of text.split(',')) {
    const [, name, value] = /^\s*(\w+)=([\w-]+)\s*$/.exec(part) ?? [];
    if (name === undefined || value === undefined || named.has(name)) throw wrong(part);
    named.add(name);
    if (name === 'tier') {
      // OpenAI's tiers are numbers in words.
      change = { ...change, tier: /^\d+$/.test(value) ? `tier${value}` : value };
      continue;
    }
    const amount = Number(value);
    if (!Number.isSafeInteger(amount) || amount <= 0) throw wrong(part);
    if (name === 'max_tokens') change = { ...change, maxTokens: amount };
    else if (Object.hasOwn(LIMITS, name)) change = { ...change, limits: { ...change.limits, [LIMITS[name]!]: amount } };
    else throw wrong(part);
  }
  return change;
}

function wrong(part: string): Error {
  const names = ['tier=<name>', ...Object.keys(LIMITS).map((name) => `${name}=<n>`), 'max_tokens=<n>'];
  return new Error(`Expected --what-if to be of ${names.join(', ')}, each once, got ${JSON.stringify(part)}.`);
}

export interface WhatIf {
  readonly pool: string;
  readonly change: string;
  /** What the calls took. */
  readonly recorded: Recorded;
  readonly before: ReplayResult;
  readonly after: ReplayResult;
  readonly limitsBefore: SimulatorLimits;
  readonly limitsAfter: SimulatorLimits;
  /** How limits were counted in both replays. */
  readonly shapes: LimitShapes;
}

/**
 * Replays the calls of records through the pacer, with the recorded limits and with changed ones. Both are replays, so that
 * they differ only by the change.
 *
 * @returns A result for each pool, and a line for each that could not be replayed.
 */
export async function whatIf(
  paths: readonly string[],
  change: Change,
): Promise<{ readonly results: readonly WhatIf[]; readonly notes: readonly string[] }> {
  const pools = await poolsOf(paths);
  const results: WhatIf[] = [];
  const notes: string[] = [];
  for (const [name, pool] of pools) {
    const provider = REPLAYED[pool.provider];
    if (!provider) {
      notes.push(`${name}: limits of this provider cannot be replayed.`);
      continue;
    }
    if (change.tier !== undefined && !Object.hasOwn(PRESETS[provider], change.tier)) {
      notes.push(
        `${name}: ${provider} has no tier ${change.tier}; it has ${Object.keys(PRESETS[provider]).join(', ')}.`,
      );
      continue;
    }
    const model = name.slice(name.indexOf('/') + 1);
    const disclosure = pool.disclosure.disclosure(pool.calls);
    const pace = disclosure.texts ? undefined : paceOf(pool.calls);
    const known = withPace(pool.limits, pace);
    const tier = change.tier === undefined ? known : limitTable(provider, { preset: change.tier as PresetName })(model);
    const limitsAfter = { ...tier, ...change.limits };
    const lines = pool.calls.toSorted((a, b) => Date.parse(a.at) - Date.parse(b.at));
    const { calls, wallStart } = recordedCalls(lines);
    const common = { provider: pool.provider, wallStart, disclosure };
    const fitted = calls.slice(0, MAX_FITTED);
    const shapes = await fitShapes(
      withoutBurst(shapesOf(pool.learned), pace),
      recordedOf(lines.slice(0, MAX_FITTED), (pool.disclosure.hits * fitted.length) / calls.length),
      (shapes) => replay({ ...common, shapes, calls: fitted, limits: known }),
    );
    const setup = { ...common, shapes };
    const recorded = recordedOf(lines, pool.disclosure.hits);
    const before = await replay({ ...setup, calls, limits: known });
    const shorter = change.maxTokens === undefined ? calls : calls.map((call) => cut(call, change.maxTokens!));
    const after = await replay({ ...setup, calls: shorter, limits: limitsAfter });
    if (pace !== undefined)
      notes.push(
        `${name}: refusals name no limit, so the pace of the calls is taken for one: ${number(pace)} a minute.`,
      );
    else if (Object.keys(known).length === 0)
      notes.push(`${name}: the record has no limit, so the replay with the old limits has none.`);
    results.push({
      pool: name,
      change: change.text,
      recorded,
      before,
      after,
      limitsBefore: known,
      limitsAfter,
      shapes,
    });
  }
  if (pools.size === 0) notes.push("There are no calls to replay: they are recorded with record: 'all'.");
  return { results, notes };
}

/** A failed call has no token counts: it gets the mean. */
function recordedCalls(sorted: readonly CallLine[]): { readonly calls: RecordedCall[]; readonly wallStart: number } {
  const wallStart = Date.parse(sorted[0]!.at);
  const counted = sorted.filter(({ inputTokens }) => inputTokens !== null);
  const mean = (of: (line: CallLine) => number | null): number =>
    Math.round(counted.reduce((sum, line) => sum + (of(line) ?? 0), 0) / Math.max(1, counted.length));
  const means = {
    input: mean(({ inputTokens }) => inputTokens),
    output: mean(({ outputTokens }) => outputTokens),
    service: mean(serviceOf),
  };
  const calls = sorted.map((line): RecordedCall => ({
    atMs: Date.parse(line.at) - wallStart,
    model: line.model ?? line.pool,
    stream: line.stream === true,
    priority: line.priority ?? 'normal',
    inputTokens: line.inputTokens ?? means.input,
    cachedTokens: line.cachedTokens ?? 0,
    outputTokens: line.outputTokens ?? means.output,
    maxOutputTokens: line.maxOutputTokens ?? undefined,
    serviceMs: line.inputTokens === null ? Math.max(1, means.service) : serviceOf(line),
  }));
  return { calls, wallStart };
}

const serviceOf = ({ durationMs, waitedMs }: CallLine): number => Math.max(1, durationMs - waitedMs);

/** The time of an answer is proportional to its length. */
function cut(call: RecordedCall, maxTokens: number): RecordedCall {
  const outputTokens = Math.min(call.outputTokens, maxTokens);
  const share = call.outputTokens === 0 ? 1 : outputTokens / call.outputTokens;
  return {
    ...call,
    outputTokens,
    maxOutputTokens: Math.min(call.maxOutputTokens ?? maxTokens, maxTokens),
    serviceMs: Math.max(1, call.serviceMs * share),
  };
}

export function whatIfText({ results, notes }: Awaited<ReturnType<typeof whatIf>>): string {
  const blocks = results.map(({ pool, change, recorded, before, after, limitsBefore, limitsAfter, shapes }) =>
    [
      `${harmless(pool)}, with ${change}: ${number(before.calls)} calls replayed`,
      tableText(
        [
          ['total time', seconds(before.tookMs), seconds(after.tookMs)],
          ['wait, mean', seconds(before.meanWaitMs), seconds(after.meanWaitMs)],
          ['wait, 95 %', seconds(before.p95WaitMs), seconds(after.p95WaitMs)],
          ['wait, longest', seconds(before.longestWaitMs), seconds(after.longestWaitMs)],
          ['refusals', number(before.refusals), number(after.refusals)],
          ['calls given up', number(before.calls - before.succeeded), number(after.calls - after.succeeded)],
          ['limits', limitsText(limitsBefore), limitsText(limitsAfter)],
        ],
        { head: ['', 'before', 'after'], lines: true },
      ),
      `They took ${seconds(recorded.tookMs)}, with ${number(recorded.refusals)} refusals.`,
      ...shapeLines(shapes),
      doubt(before, after),
    ].join('\n'),
  );
  return [...blocks, ...(notes.length > 0 ? [notes.map(harmless).join('\n')] : [])].join('\n\n');
}

/**
 * Time that eight or nine in ten drawn providers actually took, relative to that of the replay, with lower limits and with higher
 * ones (`node bench/sim/what-if.ts --change=0.6`, `--change=1.5`).
 */
const TOOK = { lower: [0.55, 2.2], higher: [0.55, 1.5] } as const;

/** What the calls would probably take, at least and at most. */
export function probableMs({ before, after }: Pick<WhatIf, 'before' | 'after'>): readonly [number, number] {
  const [least, most] = after.tookMs > before.tookMs ? TOOK.lower : TOOK.higher;
  return [least * after.tookMs, most * after.tookMs];
}

function doubt(before: ReplayResult, after: ReplayResult): string {
  const [least, most] = probableMs({ before, after }).map(seconds);
  return `The new time is probably ${least} to ${most}; refusals are accurate to an order of magnitude.`;
}

const seconds = (ms: number): string => duration(ms / 1000);

/** How limits are counted, as far as the record knows. */
function shapeLines({ requestSeconds, tokenSeconds, fixedWindow, factors, rate = 1 }: LimitShapes): string[] {
  const short = (of: number): string => `${Number(of.toPrecision(2))} s`;
  const parts = [
    ...(requestSeconds < 60 ? [`requests of ${short(requestSeconds)} at once`] : []),
    ...(tokenSeconds < 60 ? [`tokens of ${short(tokenSeconds)} at once`] : []),
    ...(fixedWindow ? ["windows of the clock's minute"] : []),
    ...Object.entries(factors).map(([name, factor]) => {
      const [limit] = Object.entries(LIMITS).find(([, option]) => option === name) ?? [name];
      return `${limit.toUpperCase()} times ${Number(factor.toPrecision(2))}`;
    }),
    ...(rate === 1 ? [] : [`all limits times ${Number(rate.toPrecision(2))}`]),
  ];
  return parts.length === 0 ? [] : [`Both were counted as ${parts.join(', ')}.`];
}

function limitsText(limits: SimulatorLimits): string {
  const names = Object.entries(LIMITS).flatMap(([short, name]) => {
    const limit = limits[name as keyof SimulatorLimits];
    return limit === undefined ? [] : [`${number(limit)} ${short.toUpperCase()}`];
  });
  return names.join('\n') || 'none';
}
