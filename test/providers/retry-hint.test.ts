import { describe, expect, it } from 'vitest';
import type { Failure } from '../../src/core/outcome.ts';
import type { ProviderName } from '../../src/core/provider.ts';
import { adapterFor } from '../../src/providers/registry.ts';
import { parseCount, parseDate, parseDuration } from '../../src/providers/parse/numbers.ts';
import { AZURE, OPENAI } from './fixtures/errors.ts';
import { headersOf } from './fixtures/headers.ts';

const WALL = Date.parse('2026-01-01T00:00:00Z');

function hint(
  headers: string,
  body?: unknown,
  status = 429,
  provider: ProviderName = 'openai',
): Pick<Failure, 'hintMs' | 'hintSource'> {
  const { hintMs, hintSource } = adapterFor(provider).classify(
    { status, body, headers: headersOf(headers || 'a: b') },
    WALL,
  );
  return hintMs === undefined ? {} : { hintMs, ...(hintSource ? { hintSource } : {}) };
}

describe('hints', () => {
  it.each([
    // The same wait twice, rounded up or down: the finer one.
    ['retry-after-ms: 174\nretry-after: 1', 174],
    ['retry-after-ms: 1500\nretry-after: 1', 1_500],
    ['retry-after-ms: 8400\nretry-after: 9', 8_400],
    // Two that contradict each other: the longer one.
    ['retry-after-ms: 0\nretry-after: 1', 1_000],
    ['retry-after-ms: 0\nretry-after: 10', 10_000],
    ['retry-after-ms: 1\nretry-after: 10', 10_000],
    ['retry-after-ms: 1500\nretry-after: 9', 9_000],
    ['retry-after-ms: 9000\nretry-after: 1', 9_000],
    ['retry-after-ms: 5000\nretry-after: 0', 5_000],
    ['retry-after-ms: 0\nretry-after: 0', 0],
    ['retry-after-ms: 0\nretry-after: Thu, 01 Jan 2026 00:00:05 GMT', 5_000],
    ['retry-after-ms: 0\nretry-after: soon', 0],
    ['retry-after-ms: 0', 0],
    ['retry-after: 0', 0],
    ['retry-after: 58', 58_000],
    ['retry-after: 1.5', 1_500],
    ['retry-after: 277403', 277_403_000],
    ['retry-after: 20s', 20_000],
    // Relative to the server's own clock, which is a year off ours.
    ['date: Fri, 27 Feb 2026 12:52:07 GMT\nretry-after: Fri, 27 Feb 2026 12:52:37 GMT', 30_000],
    ['retry-after: Thu, 01 Jan 2026 00:00:05 GMT', 5_000],
    ['retry-after: Wed, 31 Dec 2025 00:00:00 GMT', 0],
    ['retry-after-ms: nonsense\nretry-after: 2', 2_000],
    ['retry-after-ms: -1\nretry-after: 2', 2_000],
  ])('%s', (headers, hintMs) => {
    expect(hint(headers)).toEqual({ hintMs, hintSource: 'retry_after' });
  });

  it.each([
    '',
    'retry-after: -1',
    'retry-after: NaN',
    'retry-after: soon',
    'retry-after: Infinity',
    'retry-after-ms: -5',
    'retry-after: 1e9',
    'retry-after: ',
  ])('is none in "%s"', (headers) => {
    expect(hint(headers)).toEqual({});
  });

  it('prefers a header to the message and the message to a reset', () => {
    const reset = 'x-ratelimit-limit-tokens: 30000\nx-ratelimit-remaining-tokens: 0\nx-ratelimit-reset-tokens: 60s';
    expect(hint(`retry-after: 1\n${reset}`, OPENAI.tpm)).toEqual({ hintMs: 1_000, hintSource: 'retry_after' });
    expect(hint(reset, OPENAI.tpm)).toEqual({ hintMs: 174, hintSource: 'body' });
    expect(hint(reset)).toEqual({ hintMs: 60_000, hintSource: 'reset_header' });
    expect(hint('retry-after: -1', AZURE.tokens, 429, 'azure.ai.openai')).toEqual({
      hintMs: 33_000,
      hintSource: 'body',
    });
  });

  it.each([
    ['fields that agree', { retry_after_ms: 174, retry_after: 1 }, '', 174],
    ['fields that contradict each other', { retry_after_ms: 0, retry_after: 10 }, '', 10_000],
    ['fields of two levels', { retry_after_ms: 0, data: { retry_after_seconds: 10 } }, '', 10_000],
    ['a field and a text', { retry_after_ms: 0, message: 'Please retry after 10 seconds.' }, '', 10_000],
    ['a header of 0 and a field', { retry_after: 10 }, 'retry-after-ms: 0', 10_000],
    ['a header and a field of 0', { retry_after_ms: 0 }, 'retry-after: 10', 10_000],
    [
      'headers of 0 and a text',
      { message: 'Please retry after 10 seconds.' },
      'retry-after-ms: 0\nretry-after: 0',
      10_000,
    ],
  ])('takes the longer of contradicting waits: %s', (_name, error, headers, hintMs) => {
    expect(hint(headers, { error }).hintMs).toBe(hintMs);
  });

  it('uses the longest reset among empty buckets only', () => {
    const headers = `
      x-ratelimit-limit-requests: 10
      x-ratelimit-remaining-requests: 0
      x-ratelimit-reset-requests: 6s
      x-ratelimit-limit-tokens: 1000
      x-ratelimit-remaining-tokens: 1
      x-ratelimit-reset-tokens: 59s`;
    expect(hint(headers)).toEqual({ hintMs: 6_000, hintSource: 'reset_header' });
    expect(hint(headers.replace('tokens: 1\n', 'tokens: 0\n'))).toEqual({ hintMs: 59_000, hintSource: 'reset_header' });
  });

  it('uses a reset for a limit only', () => {
    expect(
      hint(
        'x-ratelimit-limit-tokens: 30000\nx-ratelimit-remaining-tokens: 0\nx-ratelimit-reset-tokens: 60s',
        undefined,
        500,
      ),
    ).toEqual({});
  });

  it.each([
    ['Please try again in 1m26.4s.', 86_400],
    ['Please try again in 9m38.016s. Need more tokens?', 578_016],
    ['try again in 174ms', 174],
    ['Please try again in 6 seconds.', 6_000],
    ['Please retry after 20 seconds. For improved latency', 20_000],
    ['Please retry after 500 milliseconds.', 500],
  ])('reads "%s"', (message, hintMs) => {
    expect(hint('', { error: { message } })).toEqual({ hintMs, hintSource: 'body' });
  });
});

describe('numbers', () => {
  it.each([
    ['1s', 1_000],
    ['12ms', 12],
    ['8.64s', 8_640],
    ['6m0s', 360_000],
    ['0s', 0],
    ['1m26.4s', 86_400],
    ['2m59.56s', 179_560],
    ['172.799999ms', 172.799999],
    ['3m51.171s', 231_171],
    ['1h2m3s', 3_723_000],
    ['500µs', 0.5],
    ['500μs', 0.5],
    ['250us', 0.25],
    ['1000ns', 0.001],
    ['33', 33_000],
  ])('duration %s', (text, ms) => {
    expect(parseDuration(text)).toBeCloseTo(ms, 6);
  });

  it.each(['', ' ', '-1', '-1s', '1x', 's', '1 s', 'NaN', '1s-', undefined, null])('no duration %j', (text) => {
    expect(parseDuration(text)).toBeUndefined();
  });

  it.each([
    ['0', 0],
    ['30000', 30_000],
    ['30,000', 30_000],
    ['1,234,567', 1_234_567],
    [' 5 ', 5],
  ])('count %s', (text, count) => {
    expect(parseCount(text)).toBe(count);
  });

  it.each(['-1', '500, 500', '500,500,', '1e3', 'NaN', 'Infinity', '0x10', '', '9'.repeat(400), null, undefined])(
    'no count %j',
    (text) => {
      expect(parseCount(text)).toBeUndefined();
    },
  );

  it('reads dates strictly, without the guesses of Date.parse', () => {
    expect(parseDate('2025-12-02T14:34:11Z')).toBe(Date.parse('2025-12-02T14:34:11Z'));
    expect(parseDate('1970-01-01T00:00:00Z')).toBe(0);
    expect(parseDate('Tue, 02 Dec 2025 14:34:22 GMT')).toBe(Date.parse('2025-12-02T14:34:22Z'));
    for (const text of ['5', '2025', 'yesterday', '2025-99-99T99:99:99Z', '', undefined, null])
      expect(parseDate(text)).toBeUndefined();
  });
});
