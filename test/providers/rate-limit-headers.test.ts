import { describe, expect, it } from 'vitest';
import type { LimitReading } from '../../src/core/outcome.ts';
import type { ProviderName } from '../../src/core/provider.ts';
import { adapterFor } from '../../src/providers/registry.ts';
import {
  ANTHROPIC_200,
  ANTHROPIC_429,
  GROQ_200,
  GROQ_400,
  GROQ_TRANSCRIPTION_200,
  headersOf,
  OPENAI_200,
  OPENAI_200_REQUESTS_PER_DAY,
  OPENAI_429_WITHOUT_LIMITS,
} from './fixtures/headers.ts';

const MINUTE = 60_000;
const DAY = 86_400_000;
// A local clock that is far off: the server's own date decides.
const WALL = Date.parse('2030-01-01T00:00:00Z');

function read(provider: ProviderName, block: string, wallMs: number = WALL): Omit<LimitReading, 'source'>[] {
  return adapterFor(provider)
    .readLimits(headersOf(block), wallMs)
    .map(({ source, ...reading }) => {
      expect(source).toBe('header');
      return reading;
    });
}

describe('readLimits', () => {
  it('reads OpenAI', () => {
    expect(read('openai', OPENAI_200)).toEqual([
      { dimension: 'requests', limit: 500, remaining: 499, resetMs: 120, windowMs: MINUTE },
      { dimension: 'tokens', limit: 200_000, remaining: 199_985, resetMs: 4, windowMs: MINUTE },
    ]);
  });

  it('infers from the reset that OpenAI counts requests per day', () => {
    expect(read('openai', OPENAI_200_REQUESTS_PER_DAY)).toEqual([
      { dimension: 'requests_day', limit: 10_000, remaining: 9_999, resetMs: 8_640, windowMs: DAY },
      { dimension: 'tokens', limit: 200_000, remaining: 196_981, resetMs: 905, windowMs: MINUTE },
    ]);
  });

  it.each([
    ['a full bucket', 'x-ratelimit-remaining-requests: 10000\nx-ratelimit-reset-requests: 0s'],
    ['no reset', 'x-ratelimit-remaining-requests: 9999'],
    ['a reset in whole seconds', 'x-ratelimit-remaining-requests: 9999\nx-ratelimit-reset-requests: 1'],
    ['a reset of a few milliseconds', 'x-ratelimit-remaining-requests: 9999\nx-ratelimit-reset-requests: 1ms'],
    ['a bucket below zero', 'x-ratelimit-remaining-requests: 0\nx-ratelimit-reset-requests: 1m30s'],
  ])('assumes a minute for %s', (_name, block) => {
    expect(read('openai', `x-ratelimit-limit-requests: 10000\n${block}`)[0]).toMatchObject({
      dimension: 'requests',
      windowMs: MINUTE,
    });
  });

  it.each([
    ['within the window, as seconds', '42', 42_000],
    ['longer than the window, as milliseconds', '55964', 55_964],
    ['longer in milliseconds too, as none', '86400', undefined],
  ])('reads a reset without a unit, %s', (_how, reset, resetMs) => {
    for (const provider of ['openai', 'azure.ai.openai', 'groq'] as const) {
      const block = `x-ratelimit-limit-tokens: 60000\nx-ratelimit-remaining-tokens: 100\nx-ratelimit-reset-tokens: ${reset}`;
      expect(read(provider, block)[0]).toMatchObject({ dimension: 'tokens', resetMs });
    }
  });

  it('does not take a rounded tiny reset for a day', () => {
    const block =
      'x-ratelimit-limit-tokens: 40000000\nx-ratelimit-remaining-tokens: 39999990\nx-ratelimit-reset-tokens: 1ms';
    expect(read('openai', block)[0]).toMatchObject({ dimension: 'tokens', windowMs: MINUTE });
  });

  it('keeps the limits of project and organization apart', () => {
    const project =
      'x-ratelimit-limit-project-tokens: 50,000\nx-ratelimit-remaining-project-tokens: 49,000\nx-ratelimit-reset-project-tokens: 1.2s';
    const readings = read('openai', `${OPENAI_200}\n${project}`);
    expect(readings.map(({ dimension }) => dimension)).toEqual(['requests', 'tokens', 'project_tokens']);
    expect(readings[1]).toEqual(read('openai', OPENAI_200)[1]);
    expect(readings[2]).toEqual({
      dimension: 'project_tokens',
      limit: 50_000,
      remaining: 49_000,
      resetMs: 1_200,
      windowMs: MINUTE,
    });
  });

  it('reads Groq: requests per day and tokens per minute', () => {
    expect(read('groq', GROQ_200)).toEqual([
      { dimension: 'requests_day', limit: 500_000, remaining: 499_999, resetMs: 172.799999, windowMs: DAY },
      { dimension: 'tokens', limit: 300_000, remaining: 299_565, resetMs: 87, windowMs: MINUTE },
    ]);
    expect(read('groq', GROQ_400)).toEqual([
      { dimension: 'requests_day', limit: 1_000, remaining: 999, resetMs: 86_400, windowMs: DAY },
      { dimension: 'tokens', limit: 8_000, remaining: 3_164, resetMs: 36_270, windowMs: MINUTE },
    ]);
    expect(read('groq', GROQ_TRANSCRIPTION_200)).toEqual([
      { dimension: 'requests_day', limit: 2_000, remaining: 1_999, resetMs: 43_200, windowMs: DAY },
      { dimension: 'audio_seconds', limit: 7_200, remaining: 7_198, resetMs: 1_000, windowMs: 3_600_000 },
    ]);
  });

  const ofGroq = (limit: number, remaining: number, reset: string): string =>
    `x-ratelimit-limit-requests: ${limit}\nx-ratelimit-remaining-requests: ${remaining}\nx-ratelimit-reset-requests: ${reset}`;

  it.each([
    // The documentation's example.
    ['is that of a day', 14_400, 14_370, '2m59.56s', 'requests_day'],
    ['may be rounded', 10_000_000, 9_999_999, '8ms', 'requests_day'],
    ['is that of a unit nearly back', 1_000, 999, '1.9s', 'requests_day'],
    ['is that of two, one of them nearly back', 1_000, 998, '44s', 'requests_day'],
    ['is too short for a day: a bucket of a second', 3_000, 49, '20ms', 'requests'],
    ['is too short for a day: a bucket of a minute', 600, 300, '30s', 'requests'],
    ['is too short for a day: a fixed window', 3_000, 0, '4.2s', 'requests'],
    ['of 0 is too short for a day', 3_000, 49, '0s', 'requests'],
  ])(
    'a server that speaks as Groq limits by another window where the reset %s',
    (_, limit, remaining, reset, dimension) => {
      expect(read('groq', ofGroq(limit, remaining, reset))).toMatchObject([{ dimension, limit, remaining }]);
    },
  );

  it.each([
    ['full', 3_000, 3_000, '0s'],
    ['full but for one that is back in a moment', 600, 599, '100ms'],
  ])('learns nothing yet from a bucket of such a server that is %s', (_, limit, remaining, reset) => {
    expect(read('groq', ofGroq(limit, remaining, reset))).toEqual([]);
  });

  it('reads Anthropic by the date of the response', () => {
    expect(read('anthropic', ANTHROPIC_200)).toEqual([
      // The reset precedes the answer's date: it was computed on arrival.
      { dimension: 'requests', limit: 50, remaining: 49, resetMs: 0, windowMs: MINUTE },
      { dimension: 'input_tokens', limit: 30_000, remaining: 24_000, resetMs: 1_000, windowMs: MINUTE },
      { dimension: 'output_tokens', limit: 8_000, remaining: 8_000, resetMs: 4_000, windowMs: MINUTE },
    ]);
    expect(read('anthropic', ANTHROPIC_429)).toEqual([
      { dimension: 'requests', limit: 50, remaining: 50, resetMs: 0, windowMs: MINUTE },
      { dimension: 'input_tokens', limit: 30_000, remaining: 0, resetMs: 78_000, windowMs: MINUTE },
      { dimension: 'output_tokens', limit: 8_000, remaining: 8_000, resetMs: 0, windowMs: MINUTE },
    ]);
  });

  it('uses the local clock if Anthropic sent no date', () => {
    const block = ANTHROPIC_429.replace(/^date.*$/m, 'x-a: b');
    expect(read('anthropic', block, Date.parse('2026-02-27T12:53:00Z'))[1]).toMatchObject({ resetMs: 25_000 });
  });

  it('uses the sum of tokens only if it stands alone, and no other pool', () => {
    expect(
      read('anthropic', 'anthropic-ratelimit-tokens-limit: 38000\nanthropic-ratelimit-tokens-remaining: 8000'),
    ).toEqual([{ dimension: 'tokens', limit: 38_000, remaining: 8_000, windowMs: MINUTE }]);
    const others =
      'anthropic-priority-input-tokens-limit: 5000\nanthropic-fast-input-tokens-limit: 0\nanthropic-ratelimit-unified-reset: 1764554400';
    expect(read('anthropic', others)).toEqual([]);
  });

  it("reads Azure's whole seconds, and its sentinels as unknown", () => {
    const block =
      'x-ratelimit-limit-requests: 60\nx-ratelimit-remaining-requests: 59\nx-ratelimit-reset-requests: 10\n';
    expect(
      read(
        'azure.ai.openai',
        `${block}x-ratelimit-limit-tokens: -1\nx-ratelimit-remaining-tokens: -1\nx-ratelimit-reset-tokens: 0`,
      ),
    ).toEqual([{ dimension: 'requests', limit: 60, remaining: 59, resetMs: 10_000, windowMs: MINUTE }]);
    expect(
      read(
        'azure.ai.openai',
        'x-ratelimit-limit-tokens: 240000\nx-ratelimit-remaining-tokens: 239900\nx-ratelimit-reset-tokens: 1',
      ),
    ).toEqual([{ dimension: 'tokens', limit: 240_000, remaining: 239_900, resetMs: 1_000, windowMs: MINUTE }]);
  });

  it.each(['-1', '0', 'NaN', '', 'unlimited', '500, 500', '1e6'])('a limit of "%s" is unknown', (limit) => {
    for (const provider of ['openai', 'azure.ai.openai', 'groq'] as const) {
      expect(read(provider, `x-ratelimit-limit-tokens: ${limit}\nx-ratelimit-remaining-tokens: 5`)).toEqual([]);
    }
    expect(
      read('anthropic', `anthropic-ratelimit-requests-limit: ${limit}\nanthropic-ratelimit-requests-remaining: 5`),
    ).toEqual([]);
  });

  it('an unreadable remaining value is unknown, never 0', () => {
    expect(
      read(
        'openai',
        'x-ratelimit-limit-tokens: 100\nx-ratelimit-remaining-tokens: -1\nx-ratelimit-reset-tokens: never',
      ),
    ).toEqual([{ dimension: 'tokens', limit: 100, windowMs: MINUTE }]);
  });

  it('returns nothing without headers', () => {
    expect(read('openai', OPENAI_429_WITHOUT_LIMITS)).toEqual([]);
  });
});
