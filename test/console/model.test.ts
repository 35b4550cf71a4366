import { describe, expect, test } from 'vitest';
import { Changes } from '../../src/console/changes.ts';
import { causeOf, conditionOf, Episodes } from '../../src/console/condition.ts';
import { History } from '../../src/console/history.ts';
import { Rates } from '../../src/console/rates.ts';
import type { Counter, LaneReading } from '../../src/console/reading.ts';
import { type LaneState, type Point, TIERS } from '../../src/console/state.ts';
import { verdictOf } from '../../src/console/verdict.ts';
import { duration, short } from '../../src/console/format.ts';
import { laneReading, limit } from './fake-guard.ts';

const counter = (value: number, over: Partial<Counter> = {}): Counter => ({
  kind: 'refused',
  label: 'a/b',
  by: 'tokens',
  value,
  ...over,
});

describe('rates', () => {
  test('cover the last ten seconds, counts the last minute', () => {
    const rates = new Rates();
    // Counts before the first reading belong to no rate.
    expect(rates.add(0, [counter(100)])).toEqual([]);
    for (let second = 2; second <= 80; second += 2) rates.add(second * 1000, [counter(100 + second)]);
    expect(rates.perSecond('refused', 'a/b')).toBeCloseTo(1, 9);
    expect(rates.perSecond('refused')).toBeCloseTo(1, 9);
    expect(rates.recentBy('refused', 'a/b')).toEqual({ tokens: 60 });
    expect(rates.recent('refused')).toBe(60);
    expect(rates.perSecond('refused', 'a/other')).toBe(0);
    expect(rates.recent('retries')).toBe(0);
  });

  test('continue when a process restarts, and when a series appears', () => {
    const rates = new Rates();
    rates.add(0, [counter(100)]);
    expect(rates.add(2_000, [counter(3)])).toEqual([counter(3)]);
    expect(rates.add(4_000, [counter(3), counter(2, { by: 'requests' })])).toEqual([counter(2, { by: 'requests' })]);
  });
});

const point = (t: number, over: Partial<Point> = {}): Point => ({
  t,
  calls: 1,
  refused: { tokens: 1 },
  retries: {},
  usd: null,
  lanes: { a: [0.1, 0, 0, 1] },
  ...over,
});
const pointsOf = (text: string): Point[] => JSON.parse(text) as Point[];

describe('history', () => {
  test('sums counts, and keeps the maximum of gauges', () => {
    const history = new History();
    history.add(2_000, point(1, { lanes: { a: [0.9, 4, 2, 1], b: [null, 0, 0, 0] }, usd: 1 }));
    expect(pointsOf(history.after('fine', 0))).toEqual([]);
    history.add(2_000, point(2, { retries: { rate_limit: 2 } }));
    expect(pointsOf(history.after('fine', 0))).toEqual([
      {
        t: 2,
        calls: 2,
        refused: { tokens: 2 },
        retries: { rate_limit: 2 },
        usd: 1,
        lanes: { a: [0.9, 4, 2, 1], b: [null, 0, 0, 0] },
      },
    ]);
  });

  test('returns what is new, everything to a client of another run, and never grows', () => {
    const history = new History();
    for (let at = 1; at <= 24 * 3600; at++) history.add(2_000, point(at));
    const { last } = { last: history.last('fine') };
    expect(last).toBe((24 * 3600) / 2);
    expect(pointsOf(history.after('fine', last))).toEqual([]);
    expect(pointsOf(history.after('fine', last - 2))).toHaveLength(2);
    for (const has of [0, 1, last + 5]) expect(pointsOf(history.after('fine', has))).toHaveLength(TIERS.fine.most);
    const coarse = pointsOf(history.after('coarse', 0));
    expect(coarse).toHaveLength(TIERS.coarse.most);
    expect(coarse.at(-1)).toMatchObject({ calls: 30, refused: { tokens: 30 } });
  });
});

const quiet = { refused: {}, callsPerSecond: 1 };
const waiting = { queued: 5, oldestWaitMs: 2_000 };
const full = [limit({ used: 0.97 })];

describe('the condition of a lane', () => {
  test.each<[string, Partial<LaneReading>, Readonly<Record<string, number>>, string]>([
    ['its circuit is open', { circuit: 'open', ...waiting, limits: full }, {}, 'outage'],
    ['its circuit is tried', { circuit: 'half_open' }, {}, 'outage'],
    ['no credit is left', { ...waiting }, { quota: 1, tokens: 9 }, 'quota'],
    ['the provider is overloaded', { pausedForMs: 900 }, { overloaded: 9, tokens: 1 }, 'overloaded'],
    ['it was overloaded now and then', {}, { overloaded: 3 }, 'refused'],
    ['a limit refuses more than the overload', { limits: full, ...waiting }, { overloaded: 1, tokens: 9 }, 'limited'],
    ['it is paused', { pausedForMs: 900, ...waiting }, {}, 'paused'],
    ['it is paused by a limit that is used up', { pausedForMs: 900, ...waiting, limits: full }, {}, 'limited'],
    ['calls wait for a limit', { ...waiting, limits: full }, {}, 'limited'],
    ['calls wait for slots', { ...waiting, inFlight: 500 }, {}, 'crowded'],
    ['calls wait, and some were refused', { ...waiting }, { requests: 1 }, 'limited'],
    ['calls wait for nothing that is known', { ...waiting }, {}, 'waiting'],
    ['a call has its turn at once', { queued: 5, oldestWaitMs: 100 }, {}, 'free'],
    ['some were refused', {}, { requests: 1 }, 'refused'],
    ['a limit is near', { limits: [limit({ used: 0.85 })] }, {}, 'near'],
    ['all is well', {}, {}, 'free'],
  ])('when %s', (_name, over, refused, condition) => {
    expect(conditionOf(laneReading(over), { ...quiet, refused })).toBe(condition);
  });

  test('without calls', () => {
    expect(conditionOf(laneReading({ inFlight: 0 }), { refused: {}, callsPerSecond: 0 })).toBe('idle');
  });

  test('names the exhausted limit as the cause, else the one that refused most', () => {
    const requests = limit({ dimension: 'requests', used: 0.2 });
    expect(causeOf([requests, ...full], { requests: 9 })).toBe('tokens');
    expect(causeOf([requests], { input_tokens: 1, output_tokens: 4 })).toBe('output_tokens');
    expect(causeOf([requests], {})).toBe('requests');
    expect(causeOf([], {})).toBeUndefined();
  });

  test('lasts from its beginning, ignoring short pauses', () => {
    const episodes = new Episodes();
    expect(episodes.see('a', 'free', 0)).toBeUndefined();
    expect(episodes.see('a', 'limited', 1_000)).toBe(1_000);
    expect(episodes.see('a', 'free', 9_000)).toBeUndefined();
    expect(episodes.see('a', 'paused', 12_000)).toBe(1_000);
    episodes.see('a', 'free', 30_000);
    expect(episodes.see('a', 'limited', 31_000)).toBe(31_000);
    episodes.keep(new Set());
    expect(episodes.see('a', 'limited', 32_000)).toBe(32_000);
  });
});

const judged = (state: Partial<LaneState>, reading: Partial<LaneReading> = {}) => ({
  reading: laneReading(reading),
  state: {
    key: 'k',
    provider: 'openai',
    group: 'gpt-4o',
    source: '',
    condition: 'limited',
    tone: 'warn',
    since: 5,
    limits: full,
    inFlight: 1,
    queued: 40,
    oldestWaitMs: 1_000,
    pausedForMs: 0,
    circuit: 'closed',
    callsPerSecond: 2,
    tokensPerSecond: 0,
    refused: {},
    retried: 0,
    ...state,
  } satisfies LaneState,
});
const source = { name: 'this process', kind: 'process' } as const;

describe('the summary', () => {
  test('says which limit, whose, since when and what to do', () => {
    expect(verdictOf([judged({})], [source])).toMatchObject({
      tone: 'warn',
      title: 'openai/gpt-4o runs at its limit',
      byWhat: 'Tokens per minute: 30,000, 97 % used',
      whose: "Your account's tier at openai",
      since: 5,
      now: '40 calls wait, about 20 s of work; none fails. Shrink prompts or max_tokens, or slow down.',
      others: 0,
    });
  });

  test.each<[string, Parameters<typeof judged>, string]>([
    ['others', [{ limits: [limit({ used: 1, beliefs: [{ belief: 'shared', because: '' }] })] }], 'others use it'],
    [
      'processes',
      [{ fleet: { mode: 'shared', processes: 3, active: 2, exchangeMs: 1, dimensions: [] } }],
      '3 processes',
    ],
    ['an option', [{ limits: [limit({ used: 1, source: 'config' })] }], 'Set in this process: pacing'],
    ['refusals', [{ limits: [limit({ used: 1, source: 'learned' })] }], 'learned from its refusals'],
    ['a tenant', [{}, { busiestShare: 0.8 }], 'One tenant has 80 % of the queue.'],
    ['slots', [{ condition: 'crowded', maxConcurrent: 5 }], "This process's own: maxConcurrent"],
    ['nobody', [{ condition: 'overloaded', refused: { overloaded: 2 } }], 'no limit of yours'],
    ['nobody either', [{ condition: 'refused', refused: { overloaded: 2 }, limits: [] }], 'no limit of yours'],
    ['a circuit', [{ condition: 'outage', circuit: 'open' }], 'no limit of yours'],
    ['credit', [{ condition: 'quota', refused: { quota: 2 } }], 'credit at openai'],
  ])('says whose limit it is: %s', (_name, lane, whose) => {
    expect(verdictOf([judged(...lane)], [source]).whose).toContain(whose);
  });

  test('is about the worst lane, and the longest queue among equals', () => {
    const lanes = [
      judged({ key: 'a', queued: 3 }),
      judged({ key: 'b', queued: 9 }),
      judged({ key: 'c', condition: 'free', queued: 99 }),
    ];
    expect(verdictOf(lanes, [source])).toMatchObject({ lane: 'b', others: 1 });
    expect(verdictOf([...lanes, judged({ key: 'd', condition: 'outage', queued: 0 })], [source]).lane).toBe('d');
  });

  test('is calm if nothing is wrong', () => {
    const limits = [limit({ used: 0.3 })];
    expect(verdictOf([judged({ condition: 'free', limits })], [source])).toMatchObject({
      tone: 'ok',
      title: 'Not limited',
      byWhat: 'Nearest: tokens per minute, 30 % used',
      whose: 'openai/gpt-4o: 30,000 in total',
    });
    expect(verdictOf([judged({ condition: 'near' })], [source])).toMatchObject({ tone: 'note' });
    expect(verdictOf([judged({ condition: 'free', limits: [] })], [source]).byWhat).toBe('No limit is known yet');
    expect(verdictOf([], [source])).toMatchObject({ tone: 'quiet', title: 'No calls yet' });
    expect(verdictOf([judged({ condition: 'idle' })], [source])).toMatchObject({ title: 'Idle' });
  });

  test('says that nothing can be read, not that nothing is wrong', () => {
    const broken = { name: 'http://a/metrics', kind: 'metrics', problem: 'ECONNREFUSED' } as const;
    expect(verdictOf([], [broken])).toMatchObject({
      tone: 'bad',
      condition: 'unreachable',
      byWhat: 'http://a/metrics: ECONNREFUSED',
    });
    expect(verdictOf([judged({})], [broken, source]).condition).toBe('limited');
  });
});

describe('the list of changes', () => {
  test('has circuits, pauses, limits and beliefs, newest first', () => {
    const changes = new Changes();
    const see = (lane: LaneReading, at: number): void => changes.see('k', 'openai/gpt-4o', lane, at);
    see(laneReading(), 1);
    expect(changes.list).toEqual([]);
    see(laneReading({ circuit: 'open', pausedForMs: 5 }), 2);
    see(laneReading({ limits: [limit({ limit: 30_100 })] }), 3);
    see(
      laneReading({ limits: [limit({ limit: 20_000, beliefs: [{ belief: 'shared', because: 'less is left' }] })] }),
      4,
    );
    see(laneReading({ limits: [limit({ limit: 20_000 }), limit({ dimension: 'requests', limit: 500 })] }), 5);
    expect(changes.list.map(({ at, tone, text }) => [at, tone, text])).toEqual([
      [5, 'quiet', 'requests per minute: 500'],
      [5, 'quiet', 'tokens per minute: no longer believed shared'],
      [4, 'note', 'tokens per minute: believed shared'],
      [4, 'warn', 'tokens per minute: 30,100 → 20,000'],
      [3, 'ok', 'circuit closed'],
      [2, 'warn', 'paused by the provider'],
      [2, 'bad', 'circuit open'],
    ]);
    changes.see('down', 'groq/llama', laneReading({ circuit: 'open' }), 6);
    expect(changes.list[0]).toMatchObject({ at: 6, lane: 'groq/llama', text: 'circuit open' });
    for (let at = 7; at < 500; at++) see(laneReading({ circuit: at % 2 ? 'open' : 'closed' }), at);
    expect(changes.list).toHaveLength(60);
  });
});

test('numbers are short', () => {
  expect([9_999, 12_345, 400_000, 2_500_000].map(short)).toEqual(['9,999', '12.3k', '400k', '2.5M']);
  expect([0, 450, 42_000, 200_000, 7_500_000].map(duration)).toEqual(['0 s', '0.5 s', '42 s', '3 min', '2 h 5 min']);
});
