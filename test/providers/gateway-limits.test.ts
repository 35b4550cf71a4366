import { describe, expect, it } from 'vitest';
import type { LimitReading } from '../../src/core/outcome.ts';
import type { ProviderName } from '../../src/core/provider.ts';
import { DIALECTS } from '../../src/providers/parse/gateway-limits.ts';
import { adapterFor } from '../../src/providers/registry.ts';
import { headersOf, OPENAI_200 } from './fixtures/headers.ts';

const SECOND = 1_000;
const MINUTE = 60_000;
const HOUR = 3_600_000;
const DAY = 86_400_000;
const WALL = Date.parse('2026-11-28T12:00:00Z');

type Reading = Pick<LimitReading, 'dimension' | 'limit' | 'windowMs'> & { remaining?: number; resetMs?: number };

function read(block: string, provider: ProviderName = 'openai'): object[] {
  return adapterFor(provider)
    .readLimits(headersOf(block), WALL)
    .map(({ source, ...reading }) => {
      expect(source).toBe('header');
      return reading;
    });
}

const of = (
  dimension: Reading['dimension'],
  limit: number,
  windowMs: number,
  more: Partial<Reading> = {},
): Reading => ({
  dimension,
  limit,
  windowMs,
  ...more,
});

/** As documented or captured; `gateway-limits.ts` and `quota-fields.ts` name the sources. */
const CASES: readonly (readonly [name: string, block: string, readings: readonly Reading[]])[] = [
  [
    'Kong, a minute',
    'x-ratelimit-limit-minute: 60\nx-ratelimit-remaining-minute: 59\nratelimit-limit: 60\nratelimit-remaining: 59\nratelimit-reset: 41\nvia: 1.1 kong/3.9.0',
    [of('requests', 60, MINUTE, { remaining: 59, resetMs: 41_000 })],
  ],
  [
    'Kong, a second and an hour, with the reset of the nearer one',
    'x-ratelimit-limit-second: 5\nx-ratelimit-remaining-second: 4\nx-ratelimit-limit-hour: 1000\nx-ratelimit-remaining-hour: 900\nratelimit-limit: 5\nratelimit-remaining: 4\nratelimit-reset: 1',
    [of('requests', 5, SECOND, { remaining: 4, resetMs: 1_000 }), of('requests', 1_000, HOUR, { remaining: 900 })],
  ],
  [
    'Kong, a day',
    'x-ratelimit-limit-day: 5000\nx-ratelimit-remaining-day: 12',
    [of('requests_day', 5_000, DAY, { remaining: 12 })],
  ],
  [
    'Cerebras',
    'x-ratelimit-limit-requests-minute: 30\nx-ratelimit-remaining-requests-minute: 29\nx-ratelimit-reset-requests-minute: 2.5\nx-ratelimit-limit-tokens-minute: 60000\nx-ratelimit-remaining-tokens-minute: 59995\nx-ratelimit-limit-requests-hour: 900\nx-ratelimit-remaining-requests-hour: 899\nx-ratelimit-limit-requests-day: 14400\nx-ratelimit-remaining-requests-day: 14399\nx-ratelimit-reset-requests-day: 11726.28\nx-ratelimit-limit-tokens-day: 1000000\nx-ratelimit-remaining-tokens-day: 999995',
    [
      of('requests', 30, MINUTE, { remaining: 29, resetMs: 2_500 }),
      of('tokens', 60_000, MINUTE, { remaining: 59_995 }),
      of('requests', 900, HOUR, { remaining: 899 }),
      of('requests_day', 14_400, DAY, { remaining: 14_399, resetMs: 11_726_280 }),
      of('tokens_day', 1_000_000, DAY, { remaining: 999_995 }),
    ],
  ],
  [
    // Its reset is when the request fits again.
    'DigitalOcean',
    'x-ratelimit-limit-tokens-per-minute: 20000\nx-ratelimit-remaining-tokens-per-minute: 100\nx-ratelimit-reset-tokens-per-minute: 1795867230\nx-ratelimit-limit-tokens-per-day: 3000000\nx-ratelimit-remaining-tokens-per-day: 2900000',
    [of('tokens', 20_000, MINUTE, { remaining: 100 }), of('tokens_day', 3_000_000, DAY, { remaining: 2_900_000 })],
  ],
  [
    'LiteLLM: the stricter of key and model, and the least that is left of either',
    'x-litellm-version: 1.80.5\nx-ratelimit-api_key-limit-requests: 100\nx-ratelimit-api_key-remaining-requests: 7\nx-ratelimit-model_per_key-limit-requests: 20\nx-ratelimit-model_per_key-remaining-requests: 19\nx-ratelimit-model_per_key-limit-tokens: 2000\nx-ratelimit-model_per_key-remaining-tokens: 1234',
    [of('requests', 20, MINUTE, { remaining: 7 }), of('tokens', 2_000, MINUTE, { remaining: 1_234 })],
  ],
  [
    'Envoy, a minute',
    'x-ratelimit-limit: 30, 30;w=60\nx-ratelimit-remaining: 12\nx-ratelimit-reset: 29',
    [of('requests', 30, MINUTE, { remaining: 12, resetMs: 29_000 })],
  ],
  [
    'Envoy, several limits',
    'x-ratelimit-limit: 10, 10;w=1;name="per-ip", 1000;w=3600\nx-ratelimit-remaining: 0\nx-ratelimit-reset: 1',
    [of('requests', 10, SECOND, { remaining: 0, resetMs: 1_000 })],
  ],
  [
    'IETF draft 6, a quarter of a minute',
    'ratelimit-policy: 20;w=15\nratelimit-limit: 20\nratelimit-remaining: 19\nratelimit-reset: 15',
    [of('requests', 20, 15_000, { remaining: 19, resetMs: 15_000 })],
  ],
  [
    'IETF draft 7',
    'ratelimit: limit=100, remaining=50, reset=30\nratelimit-policy: 100;w=60',
    [of('requests', 100, MINUTE, { remaining: 50, resetMs: 30_000 })],
  ],
  [
    'IETF draft 8',
    'ratelimit: "burst";r=5;t=9, "daily";r=800;t=300\nratelimit-policy: "burst";q=60;w=60, "daily";q=1000;w=86400',
    [
      of('requests', 60, MINUTE, { remaining: 5, resetMs: 9_000 }),
      of('requests_day', 1_000, DAY, { remaining: 800, resetMs: 300_000 }),
    ],
  ],
];

const NOTHING: readonly (readonly [why: string, block: string])[] = [
  ['its window is unknown', 'x-ratelimit-limit: 60\nx-ratelimit-remaining: 59\nx-ratelimit-reset: 1795867230'],
  ['its window is unknown', 'ratelimit-limit: 60\nratelimit-remaining: 59\nratelimit-reset: 30'],
  ['two policies of one quota have different windows', 'x-ratelimit-limit: 10, 10;w=1, 10;w=60'],
  ['it counts bytes', 'ratelimit: "peak";r=5;t=9\nratelimit-policy: "peak";q=65535;qu="content-bytes";w=60'],
  ['its name has no policy', 'ratelimit: "a";r=5;t=9\nratelimit-policy: "b";q=60;w=60'],
  ['a window of nothing', 'x-ratelimit-limit: 10, 10;w=0\nx-ratelimit-remaining: 5'],
  ['a limit of nothing', 'x-ratelimit-limit: 0, 0;w=60'],
  ['LiteLLM’s names without LiteLLM', 'x-ratelimit-api_key-limit-requests: 20'],
  ['a header without an end', `ratelimit-policy: ${'60;w=60, '.repeat(200)}1\nratelimit-limit: 60`],
];

describe('limits in headers of gateways', () => {
  it.each(CASES)('%s', (_name, block, readings) => {
    expect(read(block)).toEqual(readings);
  });

  it.each(CASES)('%s: in front of a provider with headers of its own', (_name, block, readings) => {
    expect(read(block, 'anthropic')).toEqual(readings);
  });

  it.each(NOTHING)('are not read if %s', (_why, block) => {
    expect(read(block)).toEqual([]);
  });

  it('count beside those of the provider, the stricter of two', () => {
    const [requests, tokens] = read(OPENAI_200) as Reading[];
    const kong = (limit: number, remaining: number): string =>
      `${OPENAI_200}\nx-ratelimit-limit-minute: ${limit}\nx-ratelimit-remaining-minute: ${remaining}`;
    expect(requests).toMatchObject({ limit: 500, remaining: 499 });
    expect(read(kong(60, 3))).toEqual([{ ...requests, limit: 60, remaining: 3, resetMs: undefined }, tokens]);
    expect(read(kong(1_000, 3))).toEqual([{ ...requests, remaining: 3, resetMs: undefined }, tokens]);
    expect(read(kong(60, 60))).toEqual([{ ...requests, limit: 60, remaining: 60, resetMs: undefined }, tokens]);
    expect(read(kong(1_000, 1_000))).toEqual([requests, tokens]);
  });

  it('leave Together’s and OpenRouter’s own headers alone', () => {
    const block = 'x-ratelimit-limit: 10\nx-ratelimit-remaining: 9\nx-ratelimit-reset: 0';
    expect(read(block, 'together_ai')).toEqual([of('requests', 600, MINUTE)]);
  });

  it('name the limit of a refusal and its window', () => {
    const refuse = (block: string): object =>
      adapterFor('openai').classify({ status: 429, headers: headersOf(block), body: '' }, WALL);
    expect(refuse(CASES[7]![1])).toMatchObject({
      dimension: 'requests',
      limit: 10,
      windowMs: SECOND,
      remaining: 0,
      hintMs: 1_000,
      hintSource: 'reset_header',
    });
    // Of two windows, the one with nothing left.
    const both =
      'x-ratelimit-limit-minute: 60\nx-ratelimit-remaining-minute: 30\nx-ratelimit-limit-hour: 900\nx-ratelimit-remaining-hour: 0';
    expect(refuse(both)).toMatchObject({ dimension: 'requests', limit: 900, windowMs: HOUR });
  });

  it.each([
    ['in seconds', 'x-ratelimit-limit: 60\nx-ratelimit-remaining: 0\nx-ratelimit-reset: 17', 17_000],
    [
      'in seconds since 1970',
      `x-ratelimit-limit: 60\nx-ratelimit-remaining: 0\nx-ratelimit-reset: ${WALL / 1_000 + 9}`,
      9_000,
    ],
    [
      'in milliseconds since 1970',
      `x-ratelimit-limit: 60\nx-ratelimit-remaining: 0\nx-ratelimit-reset: ${WALL + 4_500}`,
      4_500,
    ],
    [
      'of a limit with something left',
      'x-ratelimit-limit: 60\nx-ratelimit-remaining: 3\nx-ratelimit-reset: 17',
      undefined,
    ],
  ])('without a window are a wait after a refusal: a reset %s', (_name, block, hintMs) => {
    const refused = adapterFor('openai').classify({ status: 429, headers: headersOf(block), body: '' }, WALL);
    expect(refused.hintMs).toBe(hintMs);
    expect(refused.dimension).toBe('unknown');
  });

  it('have a source each', () => {
    expect.hasAssertions();
    for (const { source, rows } of DIALECTS) {
      expect(source.length).toBeGreaterThan(20);
      expect(new Set(rows.map(({ names }) => names.limit)).size).toBe(rows.length);
    }
  });
});
