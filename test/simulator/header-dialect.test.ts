import { describe, expect, it } from 'vitest';
import type { SimulatorOptions } from '../../src/testing.ts';
import { SimulatorError, startSimulator } from '../../src/testing.ts';
import { anthropic, CHAT, failure, groq, MESSAGE, openai, simulator, testClock } from './servers.ts';

const RPM = { requestsPerMinute: 3_000 };

interface Told {
  readonly limit: string | null;
  readonly remaining: string | null;
  readonly reset: string | null;
}

function told(headers: Headers): Told {
  const get = (what: string): string | null => headers.get(`x-ratelimit-${what}-requests`);
  return { limit: get('limit'), remaining: get('remaining'), reset: get('reset') };
}

/** An OpenAI with 3,000 requests a minute, of which a second's worth is enforced at once. */
async function asking(options: Partial<SimulatorOptions>) {
  const clock = testClock();
  const server = await simulator({ provider: 'openai', limits: RPM, bucketSeconds: 1, clock, ...options });
  const client = openai(server);
  const ask = async (): Promise<Told> =>
    told((await client.chat.completions.create(CHAT).withResponse()).response.headers);
  return { clock, ask, refused: () => failure(client.chat.completions.create(CHAT)) };
}

describe('the meaning of headers', () => {
  it.each<[string, SimulatorOptions['headerDialect'], Told]>([
    ['the whole limit, as the providers do', undefined, { limit: '3000', remaining: '2999', reset: '20ms' }],
    ['what is left at once', { remaining: 'bucket' }, { limit: '3000', remaining: '49', reset: '20ms' }],
    ['the part that is enforced', { limit: 'bucket' }, { limit: '50', remaining: '49', reset: '20ms' }],
    ['a rounded rest', { remaining: 'bucket', roundTo: 20 }, { limit: '3000', remaining: '40', reset: '20ms' }],
    ['more than is enforced', { inflated: 1.5 }, { limit: '4500', remaining: '4499', reset: '20ms' }],
    [
      "the organization's",
      { scope: { factor: 10, othersShare: 0.5 }, remaining: 'bucket' },
      { limit: '30000', remaining: '499', reset: '2ms' },
    ],
    ['when all is there', { reset: 'absolute' }, { limit: '3000', remaining: '2999', reset: '1795521601' }],
  ])('is %s', async (_name, headerDialect, expected) => {
    const { ask } = await asking(headerDialect === undefined ? {} : { headerDialect });
    expect(await ask()).toEqual(expected);
  });

  it('can be the time of the next unit', async () => {
    const { ask, clock } = await asking({ headerDialect: { reset: 'next' } });
    for (let index = 0; index < 10; index += 1) await ask();
    clock.advance(10);
    expect((await ask()).reset).toBe('10ms');
  });

  it('can be the state at the previous answer', async () => {
    const { ask } = await asking({ headerDialect: { late: true } });
    expect((await ask()).remaining).toBeNull();
    expect((await ask()).remaining).toBe('2999');
    expect((await ask()).remaining).toBe('2998');
  });

  it('can be limited to refusals, as of gateways', async () => {
    const { ask, refused } = await asking({ limits: { requestsPerMinute: 60 }, faults: { headers: 'failure_only' } });
    expect((await ask()).limit).toBeNull();
    expect(told((await refused()).headers).limit).toBe('60');
  });

  it("keeps Anthropic's dates whatever it is, and absolute times of Groq", async () => {
    const headerDialect = { reset: 'absolute', remaining: 'bucket' } as const;
    const clock = testClock();
    const claude = anthropic(
      await simulator({ provider: 'anthropic', limits: RPM, bucketSeconds: 1, clock, headerDialect }),
    );
    const { response } = await claude.messages.create(MESSAGE).withResponse();
    expect(response.headers.get('anthropic-ratelimit-requests-remaining')).toBe('49');
    expect(response.headers.get('anthropic-ratelimit-requests-reset')).toBe('2026-11-24T12:00:01Z');
    const limits = { tokensPerMinute: 600_000 };
    const fast = groq(await simulator({ provider: 'groq', limits, clock, headerDialect }));
    const answer = await fast.chat.completions.create({ ...CHAT, max_tokens: 5_000 }).withResponse();
    expect(answer.response.headers.get('x-ratelimit-reset-tokens')).toBe('1795521601');
  });
});

describe('the counting of limits', () => {
  it('can use windows of the clock', async () => {
    const { ask, refused, clock } = await asking({ limits: { requestsPerMinute: 180 }, limiter: 'fixed' });
    clock.advance(700);
    for (let index = 0; index < 3; index += 1) await ask();
    const error = await refused();
    expect(error.status).toBe(429);
    expect(error.message).toContain('Please try again in 300ms');
    clock.advance(299);
    await refused();
    clock.advance(1);
    for (let index = 0; index < 3; index += 1) await ask();
    await refused();
  });

  it('can use a log of the last minute', async () => {
    const { ask, refused, clock } = await asking({
      limits: { requestsPerMinute: 2 },
      limiter: 'sliding',
      bucketSeconds: 60,
    });
    await ask();
    clock.advance(40_000);
    await ask();
    expect((await refused()).message).toContain('Please try again in 20s');
    clock.advance(20_000);
    await ask();
    await refused();
  });

  it('can happen with the answer', async () => {
    const { ask, refused, clock } = await asking({
      limits: { requestsPerMinute: 120 },
      counted: 'end',
      latency: { baseMs: 100 },
    });
    // All of them find something left, and only then is any of them counted.
    await Promise.all([ask(), ask(), ask(), ask(), ask()]);
    await refused();
    clock.advance(1_999);
    expect((await refused()).status).toBe(429);
    clock.advance(1);
    await ask();
  });
});

describe('refusals', () => {
  const ONE = { limits: { requestsPerMinute: 60 } };

  it('can say nothing', async () => {
    const { ask, refused } = await asking({ ...ONE, refusalTexts: 'mute', retryHeader: 'none' });
    await ask();
    const error = await refused();
    expect(error.status).toBe(429);
    expect(error.message).toContain('Too Many Requests');
    expect(error.headers.get('retry-after')).toBeNull();
  });

  it('can state the exact time', async () => {
    const { ask, refused } = await asking({ limits: { requestsPerMinute: 80 }, retryHeader: 'exact' });
    await ask();
    expect((await refused()).headers.get('retry-after')).toBe('0.75');
  });

  it('can state a wrong time, in headers and texts', async () => {
    const { ask, refused } = await asking({ ...ONE, retryHeader: 'exact', faults: { hintError: 0.5 } });
    await ask();
    const waits = new Set<number>();
    for (let index = 0; index < 20; index += 1) {
      const error = await refused();
      const seconds = Number(error.headers.get('retry-after'));
      const text = /try again in (\S+?)\. /.exec(error.message)![1]!;
      expect(text.endsWith('ms') ? Number.parseFloat(text) / 1_000 : Number.parseFloat(text)).toBeCloseTo(seconds);
      expect(seconds).toBeGreaterThanOrEqual(0.5);
      expect(seconds).toBeLessThanOrEqual(1.5);
      waits.add(seconds);
    }
    expect(waits.size).toBeGreaterThan(10);
  });

  it.each(['openai', 'groq'] as const)('can call too many at once a rate limit: %s', async (provider) => {
    const clock = testClock();
    const limits = { maxConcurrent: 1 };
    const latency = { baseMs: 100 };
    for (const [concurrencyRefusals, status] of [
      ['overloaded', 503],
      ['throttled', 429],
    ] as const) {
      const client = openai(await simulator({ provider, limits, latency, clock, concurrencyRefusals }));
      const ask = () => client.chat.completions.create(CHAT);
      const ended = await Promise.allSettled([ask(), ask()]);
      const refused = ended.find((each) => each.status === 'rejected')!;
      expect(refused.reason).toMatchObject({ status });
    }
  });
});

describe('options', () => {
  it.each<[object, string]>([
    [{ limiter: 'leaky' }, "Expected `limiter` to be one of 'bucket', 'fixed', 'sliding'"],
    [{ counted: 'never' }, "Expected `counted` to be one of 'arrival', 'end'"],
    [{ headerDialect: { rest: 1 } }, 'Expected `headerDialect` to be an object with the keys remaining, '],
    [{ headerDialect: { roundTo: 0 } }, 'Expected `headerDialect.roundTo` to be a number from 1'],
    [{ headerDialect: { inflated: 0.5 } }, 'Expected `headerDialect.inflated` to be a number from 1 to 100'],
    [
      { headerDialect: { limit: 'bucket', remaining: 'window' } },
      "Expected `headerDialect.remaining` to be 'bucket' where the limit is",
    ],
    [{ headerDialect: { scope: {} } }, 'Expected `headerDialect.scope.factor` to be a number from 0.1 to 1000'],
    [{ faults: { hintError: 2 } }, 'Expected `faults.hintError` to be a number from 0 to 1'],
    [{ refusalTexts: 'none' }, "Expected `refusalTexts` to be one of 'full', 'mute'"],
    [{ concurrencyRefusals: 429 }, "Expected `concurrencyRefusals` to be one of 'overloaded', 'throttled'"],
  ])('%o are refused', async (options, message) => {
    const error = await failure(startSimulator({ provider: 'openai', ...options }));
    expect(error).toBeInstanceOf(SimulatorError);
    expect(error.message).toContain(message);
  });
});
