import { describe, expect, it } from 'vitest';
import { goDuration } from '../../src/simulator/dialects/go-duration.ts';
import type { BucketSeconds, Refusal, Reservation } from '../../src/simulator/limits/limit-engine-types.ts';
import type { LimitLevel } from '../../src/simulator/limits/limit-view.ts';
import { LimitEngine } from '../../src/simulator/limits/limit-engine.ts';
import type { LimitedRequest, OutputCounting, SimulatorProvider } from '../../src/simulator/limits/limit-rules.ts';
import type { LimitName, SimulatorLimits } from '../../src/simulator/limits/limits.ts';

interface Setup {
  readonly provider?: SimulatorProvider;
  readonly limits: SimulatorLimits;
  readonly bucketSeconds?: BucketSeconds;
  readonly outputCounting?: OutputCounting;
}

function engineOf({ provider = 'openai', limits, ...rest }: Setup): LimitEngine {
  return new LimitEngine({ provider, limitsOf: () => limits, ...rest });
}

function request(inputTokens: number, rest: Partial<LimitedRequest> = {}): LimitedRequest {
  return { account: 'key', model: 'm', inputTokens, ...rest };
}

function admitted(result: Reservation | Refusal): Reservation {
  if (!result.admitted) throw new Error(`refused by ${result.by}`);
  return result;
}

function refused(result: Reservation | Refusal): Refusal {
  if (result.admitted) throw new Error('admitted');
  return result;
}

function level(engine: LimitEngine, name: LimitName, now: number): LimitLevel {
  const found = engine.levels('key', 'm', now).find((each) => each.name === name);
  if (!found) throw new Error(`no ${name}`);
  return found;
}

// Limit, used, requested and the waiting time of real refusals.
const OPENAI_TPM: [number, number, number, string][] = [
  [30_000, 18_928, 11_159, '174ms'],
  [30_000, 28_039, 3_906, '3.89s'],
  [30_000, 29_937, 385, '644ms'],
  [10_000, 8_554, 3_082, '9.816s'],
  [30_000, 14_567, 24_754, '18.642s'],
];

describe('waiting times of real refusals', () => {
  it.each(OPENAI_TPM)('OpenAI: limit %i, used %i, requested %i: try again in %s', (limit, used, asked, wait) => {
    const engine = engineOf({ limits: { tokensPerMinute: limit } });
    admitted(engine.admit(request(used), 0));
    const refusal = refused(engine.admit(request(asked), 0));
    expect(refusal).toMatchObject({ by: 'tokensPerMinute', limit, used, requested: asked, tooLarge: false });
    expect(goDuration(Math.ceil(refusal.waitMs! - 1e-6))).toBe(wait);
    refused(engine.admit(request(asked), refusal.waitMs! - 0.01));
    admitted(engine.admit(request(asked), refusal.waitMs!));
  });

  it.each<[SimulatorLimits, number, string]>([
    [{ requestsPerDay: 10_000 }, 10_000, '8.64s'],
    [{ requestsPerDay: 1_000 }, 1_000, '1m26.4s'],
    [{ requestsPerMinute: 3 }, 3, '20s'],
  ])('OpenAI: %o used up: try again in %s', (limits, count, wait) => {
    const engine = engineOf({ limits });
    for (let index = 0; index < count; index += 1) admitted(engine.admit(request(1), 0));
    const refusal = refused(engine.admit(request(1), 0));
    expect(refusal).toMatchObject({ used: count, requested: 1 });
    expect(goDuration(refusal.waitMs!)).toBe(wait);
  });

  it.each<[LimitName, number, number, number, string]>([
    ['tokensPerMinute', 6_000, 5_034, 1_443, '4.77s'],
    ['tokensPerDay', 100_000, 97_050, 3_619, '9m38.016s'],
    ['tokensPerMinute', 30_000, 73_124, 1_877, '1m30.002s'],
  ])('Groq: %s %i, used %i, requested %i: try again in %s', (name, limit, used, asked, wait) => {
    const engine = engineOf({ provider: 'groq', limits: { [name]: limit } });
    // The last sample was over its limit, which only a correction after the answer can cause.
    const held = admitted(engine.admit(request(1), 0));
    engine.settle(held, { inputTokens: 1, cachedTokens: 0, outputTokens: used - 1 }, 0);
    const refusal = refused(engine.admit(request(asked), 0));
    expect(refusal).toMatchObject({ by: name, limit, used, requested: asked });
    expect(goDuration(refusal.waitMs!)).toBe(wait);
  });

  it('Groq: used prints a fraction rounded up and waits for the fraction', () => {
    // Limit 15000, Used 11972, Requested 4351, 5.289 s: the level was 3028.75.
    const engine = engineOf({ provider: 'groq', limits: { tokensPerMinute: 15_000 } });
    admitted(engine.admit(request(12_000), 0));
    const refusal = refused(engine.admit(request(4_351), 115));
    expect(refusal.used).toBe(11_972);
    expect(goDuration(refusal.waitMs!)).toBe('5.289s');
  });

  it('Groq: the output limit asks for the largest recent answer', () => {
    const engine = engineOf({ provider: 'groq', limits: { outputTokensPerMinute: 1_000 } });
    for (const outputTokens of [192, 192, 192, 192, 192]) {
      const held = admitted(engine.admit(request(1), 0));
      engine.settle(held, { inputTokens: 1, cachedTokens: 0, outputTokens }, 0);
    }
    const last = admitted(engine.admit(request(1, { maxOutputTokens: 37 }), 0));
    engine.settle(last, { inputTokens: 1, cachedTokens: 0, outputTokens: 37 }, 0);
    const refusal = refused(engine.admit(request(1), 0));
    expect(refusal).toMatchObject({ by: 'outputTokensPerMinute', used: 997, requested: 192 });
    expect(goDuration(refusal.waitMs!)).toBe('11.34s');
    expect(refused(engine.admit(request(1, { maxOutputTokens: 50 }), 0)).requested).toBe(50);
  });

  it('Anthropic: a bucket below zero resets later than a minute', () => {
    // Captured: limit 30000, remaining 0, reset 78 s ahead, retry-after 58.
    const engine = engineOf({ provider: 'anthropic', limits: { inputTokensPerMinute: 30_000 } });
    const held = admitted(engine.admit(request(30_000), 0));
    engine.settle(held, { inputTokens: 39_000, cachedTokens: 0, outputTokens: 10 }, 0);
    expect(level(engine, 'inputTokensPerMinute', 0)).toMatchObject({ remaining: -9_000, fullInMs: 78_000 });
    expect(refused(engine.admit(request(20_000), 0)).waitMs).toBe(58_000);
  });
});

describe('the cost of a request', () => {
  it.each<[SimulatorProvider, number]>([
    ['openai', 400],
    ['azure', 500],
    ['groq', 480],
  ])('%s takes %i tokens of 100 estimated and 400 at most, 20 cached', (provider, cost) => {
    const engine = engineOf({ provider, limits: { tokensPerMinute: 1_000 } });
    admitted(engine.admit(request(100, { maxOutputTokens: 400, cachedTokens: 20 }), 0));
    expect(level(engine, 'tokensPerMinute', 0).remaining).toBe(1_000 - cost);
  });

  it.each<[SimulatorProvider, number]>([
    ['openai', 400],
    ['azure', 500],
    ['groq', 130],
  ])('%s holds %i tokens after 100 + 50 were used, 20 cached', (provider, cost) => {
    const engine = engineOf({ provider, limits: { tokensPerMinute: 1_000 } });
    const held = admitted(engine.admit(request(100, { maxOutputTokens: 400, cachedTokens: 20 }), 0));
    engine.settle(held, { inputTokens: 100, cachedTokens: 20, outputTokens: 50 }, 0);
    expect(level(engine, 'tokensPerMinute', 0).remaining).toBe(1_000 - cost);
  });

  it('Anthropic counts output in real time: max_tokens does not matter', () => {
    const engine = engineOf({ provider: 'anthropic', limits: { outputTokensPerMinute: 100 } });
    const held = admitted(engine.admit(request(1, { maxOutputTokens: 5_000 }), 0));
    engine.drain(held, 60, 0);
    expect(engine.outputExhausted(held, 0)).toBe(false);
    engine.drain(held, 60, 0);
    expect(level(engine, 'outputTokensPerMinute', 0).remaining).toBe(-20);
    expect(engine.outputExhausted(held, 0)).toBe(true);
    // 21 tokens to one above zero, at 100 a minute.
    expect(refused(engine.admit(request(1), 0)).waitMs).toBeCloseTo(12_600, 6);
    engine.settle(held, { inputTokens: 1, cachedTokens: 0, outputTokens: 120 }, 0);
    expect(level(engine, 'outputTokensPerMinute', 0).remaining).toBe(-20);
  });

  it('Anthropic used to reserve max_tokens', () => {
    const limits = { outputTokensPerMinute: 8_000 };
    const engine = engineOf({ provider: 'anthropic', outputCounting: 'reserve', limits });
    expect(refused(engine.admit(request(1, { maxOutputTokens: 8_001 }), 0)).by).toBe('outputTokensPerMinute');
    const held = admitted(engine.admit(request(1, { maxOutputTokens: 8_000 }), 0));
    engine.settle(held, { inputTokens: 1, cachedTokens: 0, outputTokens: 500 }, 0);
    expect(level(engine, 'outputTokensPerMinute', 0).remaining).toBe(7_500);
  });

  it('takes nothing when one of the limits refuses', () => {
    const limits = { requestsPerMinute: 10, requestsPerDay: 10, tokensPerMinute: 100, tokensPerDay: 1_000 };
    const engine = engineOf({ provider: 'groq', limits });
    admitted(engine.admit(request(90), 0));
    refused(engine.admit(request(20), 0));
    expect(engine.levels('key', 'm', 0).map((each) => each.remaining)).toEqual([9, 9, 10, 910]);
  });

  it.each<[SimulatorProvider, number]>([
    ['openai', 8],
    ['azure', 8],
    ['groq', 9],
    ['anthropic', 9],
  ])('%s has %i of 10 requests left after one admitted and one refused', (provider, left) => {
    const tokens = provider === 'anthropic' ? { inputTokensPerMinute: 100 } : { tokensPerMinute: 100 };
    const engine = engineOf({ provider, limits: { requestsPerMinute: 10, ...tokens } });
    admitted(engine.admit(request(90), 0));
    refused(engine.admit(request(20), 0));
    expect(level(engine, 'requestsPerMinute', 0).remaining).toBe(left);
  });

  it.each([
    ['none', 160],
    ['whole', 160],
    ['all', 60],
  ] as const)(
    'with refused requests counted as %s, %i of ten a second get through 100 s at 60 a minute',
    (refusedCounting, count) => {
      const limits = { requestsPerMinute: 60 };
      const engine = new LimitEngine({ provider: 'openai', limitsOf: () => limits, refusedCounting });
      let through = 0;
      for (let now = 0; now <= 100_000; now += 100) if (engine.admit(request(1), now).admitted) through += 1;
      // `all`: after the first burst, and what arrived during it, nothing is admitted any more.
      expect(through).toBeGreaterThanOrEqual(count);
      expect(through).toBeLessThanOrEqual(count + 7);
    },
  );

  it('is refused for good if it exceeds the limit, except at Anthropic', () => {
    const engine = engineOf({ limits: { tokensPerMinute: 30_000 } });
    expect(refused(engine.admit(request(30_601), 0))).toMatchObject({ tooLarge: true, waitMs: undefined });
    const claude = engineOf({ provider: 'anthropic', limits: { inputTokensPerMinute: 30_000 } });
    expect(refused(claude.admit(request(30_601), 0))).toMatchObject({ tooLarge: false, waitMs: 1_202 });
    refused(claude.admit(request(30_601), 3_600_000));
  });
});

describe('accounts, pools and changes', () => {
  it('keeps keys and models apart, and snapshots together', () => {
    const engine = engineOf({ limits: { requestsPerMinute: 1 } });
    const of = (account: string, model: string) => engine.admit({ account, model, inputTokens: 1 }, 0).admitted;
    expect([of('a', 'gpt-4o'), of('b', 'gpt-4o'), of('a', 'gpt-4o-mini')]).toEqual([true, true, true]);
    expect([of('a', 'gpt-4o-2024-08-06'), of('a', 'gpt-4o')]).toEqual([false, false]);
    expect([of('a', 'claude-sonnet-4-5-20250929'), of('a', 'claude-sonnet-4-6')]).toEqual([true, false]);
  });

  it('spends only a part of the minute at once when buckets are short', () => {
    const engine = engineOf({ limits: { requestsPerMinute: 600 }, bucketSeconds: { requests: 1, tokens: 60 } });
    let count = 0;
    while (engine.admit(request(1), 0).admitted) count += 1;
    expect(count).toBe(10);
    expect(level(engine, 'requestsPerMinute', 0).remaining).toBe(590);
    const slow = engineOf({ limits: { requestsPerMinute: 30 }, bucketSeconds: { requests: 1, tokens: 60 } });
    admitted(slow.admit(request(1), 0));
    expect(refused(slow.admit(request(1), 1_000)).waitMs).toBe(2_000);
    admitted(slow.admit(request(1), 3_000));
  });

  it('admits a request that exceeds a short bucket but not the limit', () => {
    const engine = engineOf({ limits: { tokensPerMinute: 6_000 }, bucketSeconds: { requests: 60, tokens: 6 } });
    admitted(engine.admit(request(3_000), 0));
    expect(level(engine, 'tokensPerMinute', 0).fullInMs).toBe(30_000);
    refused(engine.admit(request(3_000), 29_999));
    admitted(engine.admit(request(3_000), 30_000));
  });

  it('keeps usage when limits change', () => {
    const engine = engineOf({ provider: 'groq', limits: { tokensPerMinute: 1_000 } });
    admitted(engine.admit(request(900), 0));
    engine.setLimits(() => ({ tokensPerMinute: 500 }), 0);
    expect(level(engine, 'tokensPerMinute', 0)).toMatchObject({ limit: 500, remaining: -400 });
    engine.setLimits(() => ({ tokensPerMinute: 2_000, requestsPerMinute: 5 }), 0);
    expect(level(engine, 'tokensPerMinute', 0)).toMatchObject({ limit: 2_000, remaining: 1_100 });
    expect(level(engine, 'requestsPerMinute', 0).remaining).toBe(5);
  });

  it('gives a part of the refill to a neighbour, which the waiting time ignores', () => {
    const engine = engineOf({ provider: 'groq', limits: { tokensPerMinute: 6_000 } });
    engine.setNeighbour({ share: 0.5, fromMs: 0, untilMs: Infinity }, 0);
    admitted(engine.admit(request(6_000), 0));
    const refusal = refused(engine.admit(request(1_000), 0));
    expect(refusal.waitMs).toBe(10_000);
    refused(engine.admit(request(1_000), 10_000));
    admitted(engine.admit(request(1_000), 20_000));
    engine.setNeighbour(undefined, 20_000);
    admitted(engine.admit(request(1_000), 30_000));
  });

  it('limits the requests in flight', () => {
    const engine = engineOf({ provider: 'anthropic', limits: { maxConcurrent: 1 } });
    const held = admitted(engine.admit(request(1), 0));
    expect(refused(engine.admit(request(1), 0))).toMatchObject({ by: 'maxConcurrent', waitMs: undefined });
    engine.settle(held, undefined, 0);
    engine.settle(held, undefined, 0);
    admitted(engine.admit(request(1), 0));
    refused(engine.admit(request(1), 0));
  });

  it('steps a growth limit up at minute boundaries', () => {
    const engine = engineOf({ provider: 'anthropic', limits: { inputTokensPerMinute: 1_000_000 } });
    engine.setRamp({ startTokensPerMinute: 58_276, stepTokensPerMinute: 10_000 }, 0);
    admitted(engine.admit(request(58_000), 0));
    expect(refused(engine.admit(request(1_000), 15_000))).toMatchObject({
      by: 'acceleration',
      limit: 58_276,
      nextLimit: 68_276,
      waitMs: 45_000,
    });
    admitted(engine.admit(request(68_000), 60_000));
    refused(engine.admit(request(1_000), 60_000));
    admitted(engine.admit(request(78_000), 130_000));
  });

  it('lets usage grow by half in a quarter of an hour', () => {
    const engine = engineOf({ limits: { requestsPerMinute: 1_000_000 } });
    engine.setRamp({ startTokensPerMinute: 1_000, growthFactor: 1.5 }, 0);
    admitted(engine.admit(request(15_000), 0));
    expect(refused(engine.admit(request(1), 0))).toMatchObject({ by: 'acceleration', nextLimit: 1_500 });
    admitted(engine.admit(request(22_500), 900_000));
    refused(engine.admit(request(1), 900_000));
    // A quarter of an hour without use takes the limit back to the start.
    expect(refused(engine.admit(request(15_001), 2_700_000)).limit).toBe(1_000);
  });
});

describe('goDuration', () => {
  it.each<[number, string]>([
    [0, '0s'],
    [-5, '0s'],
    [0.5, '0.5ms'],
    [12, '12ms'],
    [172.799999, '172.799999ms'],
    [8_640, '8.64s'],
    [37_147, '37.147s'],
    [86_400, '1m26.4s'],
    [360_000, '6m0s'],
    [578_016, '9m38.016s'],
    [179_560, '2m59.56s'],
    [3_600_000, '1h0m0s'],
    [86_400_000, '24h0m0s'],
  ])('%d ms is %s', (ms, text) => {
    expect(goDuration(ms)).toBe(text);
  });
});
