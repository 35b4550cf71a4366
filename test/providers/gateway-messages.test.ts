import { describe, expect, it } from 'vitest';
import type { Failure } from '../../src/core/outcome.ts';
import { CONCURRENCY_WORDINGS } from '../../src/providers/errors/concurrency-text.ts';
import { GATEWAY_WORDINGS } from '../../src/providers/errors/gateway-message.ts';
import { adapterFor } from '../../src/providers/registry.ts';
import { headersOf } from './fixtures/headers.ts';

const WALL = Date.parse('2026-11-26T12:00:00Z');

function refused(message: string, headers = 'a: b', status = 429): Failure {
  return adapterFor('openai').classify({ status, headers: headersOf(headers), body: { error: { message } } }, WALL);
}

const LIMITS: readonly (readonly [start: string, limit: number | undefined])[] = [
  ['Rate limit exceeded for api_key', 8],
  ['Rate limit of 2 per 0s', 2],
  ['Too many requests. Your current concurrency', 5],
  ['request reached max organization concurrency', 3],
  ['Too many concurrent requests. Limit: 1', 1],
];

describe('refusals by the number of requests in flight', () => {
  it.each(CONCURRENCY_WORDINGS)('$sample', ({ sample }) => {
    const { outcome, dimension, limit } = refused(sample);
    expect({ outcome, dimension }).toEqual({ outcome: 'throttled', dimension: 'concurrency' });
    expect(limit).toBe(LIMITS.find(([start]) => sample.startsWith(start))?.[1]);
  });

  it.each(CONCURRENCY_WORDINGS)(
    '$sample: keeps the wait unless it is that of a rate limit',
    ({ sample, foreignWait }) => {
      expect(refused(sample, 'retry-after: 60').hintMs).toBe(foreignWait ? undefined : 60_000);
    },
  );

  const listed = (current: number, most: string): string =>
    `LiteLLM Rate Limit Handler for rate limit type = key. Crossed TPM / RPM / Max Parallel Request Limit. current rpm: 1, rpm limit: 15, current tpm: 0, tpm limit: 9223372036854775807, current max_parallel_requests: ${current}, max_parallel_requests: ${most}`;

  it('are told from LiteLLM’s list of all its limits', () => {
    const headers = 'retry-after: 40.26';
    const full = refused(listed(5, '5'), headers);
    expect(full).toMatchObject({ dimension: 'concurrency', limit: 5 });
    expect(full.hintMs).toBeUndefined();
    expect(refused(listed(4, '5'), headers)).toMatchObject({ dimension: 'unknown', hintMs: 40_260 });
    expect(refused(listed(5, '9223372036854775807'), headers)).toMatchObject({ dimension: 'unknown' });
    expect(refused(listed(5, '5').replace('current rpm: 1,', 'current rpm: 15,'), headers)).toMatchObject({
      dimension: 'requests',
      limit: 15,
    });
  });

  it('have no number of 0', () => {
    expect(refused('Limit type: max_parallel_requests. Current limit: 0, Remaining: 0.')).toMatchObject({
      outcome: 'throttled',
      dimension: 'concurrency',
    });
    expect(refused('Too many concurrent requests. Limit: 0 concurrent requests').limit).toBeUndefined();
  });

  it('are no overload of the server, unless it says 503', () => {
    const body = { error: 'Model is overloaded', error_type: 'overloaded' };
    const classify = (status: number): Failure =>
      adapterFor('openai').classify({ status, headers: new Headers(), body }, WALL);
    expect(classify(429)).toMatchObject({ outcome: 'throttled', dimension: 'concurrency' });
    expect(classify(503)).toMatchObject({ outcome: 'overloaded' });
    expect(refused('The model is overloaded. Please try again later.')).toMatchObject({ outcome: 'overloaded' });
  });
});

describe('refusals of gateways by a rate', () => {
  it.each([
    [0, { dimension: 'requests', limit: 60, remaining: 0 }],
    [1, { dimension: 'requests', windowMs: 60_000, hintMs: 47_000 }],
    [2, { dimension: 'requests', windowMs: 60_000 }],
    [3, { dimension: 'tokens', hintMs: 15_000 }],
  ])('wording %i', (index, expected) => {
    expect(refused(GATEWAY_WORDINGS[index]!.sample)).toMatchObject({ outcome: 'throttled', ...expected });
    expect(GATEWAY_WORDINGS).toHaveLength(4);
  });

  it.each([
    ['Rate limit exceeded for team: t. Limit type: tokens. Current limit: 5000, Remaining: 12.', 'tokens', undefined],
    [
      'Rate limit of 50 per 86400s exceeded for UserByModelByDay. Please wait 42 seconds before retrying.',
      'requests_day',
      86_400_000,
    ],
    ['Rate limit of 250000 per 60s exceeded for UserByModelByMinuteUncachedInputTokens.', 'input_tokens', 60_000],
    ['Rate limit of 9000 per 60s exceeded for UserByModelByMinuteTokens.', 'tokens', 60_000],
    ['Rate limit exceeded: 5 per 1 second. Please slow down.', 'requests', 1_000],
    ['429 Too Many Requests: 10 per 1 hour', 'requests', 3_600_000],
    ['Rate limit exceeded: 100 per 1 day', 'requests_day', 86_400_000],
    ['Rate limit exceeded: 20 per 1 month', 'unknown', undefined],
    [
      'Gemini pro models cost 4 credits per call. Maximum 100 credits per 1 hour or 400 credits per day.',
      'unknown',
      undefined,
    ],
  ])('%s', (message, dimension, windowMs) => {
    const failure = refused(message);
    expect(failure.dimension).toBe(dimension);
    expect(failure.windowMs).toBe(windowMs);
  });

  it('is no limit of the account where a worker of NVIDIA is full', () => {
    expect(refused('ResourceExhausted: Worker local total request limit reached (267/32)')).toMatchObject({
      outcome: 'overloaded',
      noCapacity: true,
    });
  });
});
