import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Failure, LimitReading, Usage } from '../../src/core/outcome.ts';
import type { ProviderName } from '../../src/core/provider.ts';
import { adapterFor } from '../../src/providers/registry.ts';
import { classifyError } from '../../src/providers/errors/classify-error.ts';
import { classifyConnection } from '../../src/providers/errors/classify-connection.ts';
import { ANTHROPIC, AZURE, GROQ, OPENAI } from './fixtures/errors.ts';

const PROVIDERS: readonly ProviderName[] = [
  'openai',
  'azure.ai.openai',
  'anthropic',
  'aws.bedrock',
  'gcp.vertex_ai',
  'groq',
];

const HEADER_NAMES = [
  'date',
  'retry-after',
  'retry-after-ms',
  'x-should-retry',
  'x-amzn-errortype',
  'ratelimit',
  'ratelimit-policy',
  'x-litellm-version',
  ...['api_key', 'team'].flatMap((scope) =>
    ['limit-requests', 'remaining-requests'].map((part) => `x-ratelimit-${scope}-${part}`),
  ),
  ...['limit', 'remaining', 'reset'].flatMap((part) => [
    `ratelimit-${part}`,
    `x-ratelimit-${part}`,
    `x-ratelimit-${part}-minute`,
    `x-ratelimit-${part}-requests-day`,
  ]),
  ...['limit', 'remaining', 'reset'].flatMap((part) => [
    ...['requests', 'tokens', 'project-tokens'].map((name) => `x-ratelimit-${part}-${name}`),
    ...['requests', 'tokens', 'input-tokens', 'output-tokens'].map((name) => `anthropic-ratelimit-${name}-${part}`),
  ]),
];

const numberText = fc.oneof(
  fc.integer().map(String),
  fc.double().map(String),
  fc.constantFrom('-1', '0', 'NaN', 'Infinity', '1e400', '9'.repeat(400), '1,000', '1, 2', '', '-0'),
);
const durationText = fc
  .array(fc.tuple(numberText, fc.constantFrom('h', 'm', 's', 'ms', 'us', 'ns', 'x')), { maxLength: 4 })
  .map((parts) => parts.flat().join(''));
const dateText = fc.oneof(
  fc.date().map((date) => date.toUTCString()),
  fc.date({ noInvalidDate: true }).map((date) => date.toISOString()),
  fc.constantFrom('1970-01-01T00:00:00Z', '+275760-09-13T00:00:00Z'),
);
const headerValue = fc.oneof(
  numberText,
  durationText,
  dateText,
  fc.constantFrom('true', 'false', 'ThrottlingException:'),
  fc.constantFrom('10, 10;w=1', '"a";q=5;w=60', '"a";r=0;t=9', 'limit=5, remaining=0, reset=-1', ';w=60,;;=,"'),
  fc.string({ unit: 'grapheme-ascii' }),
);
const headers = fc.dictionary(fc.constantFrom(...HEADER_NAMES), headerValue).map((values) => {
  const result = new Headers();
  for (const [name, value] of Object.entries(values)) result.set(name, value.replaceAll(/[\r\n\0]/g, ''));
  return result;
});

const known: unknown[] = [OPENAI, ANTHROPIC, GROQ, AZURE].flatMap((group) => Object.values(group));
const message = fc
  .tuple(
    fc.constantFrom('Rate limit reached', 'Request too large for', 'Please retry after', 'rate limit of'),
    fc.constantFrom('(RPM)', '(TPD)', '(XYZ)', 'on '),
    numberText,
    numberText,
    numberText,
    durationText,
  )
  .map(
    ([start, name, limit, used, requested, wait]) =>
      `${start} on ${name}: Limit ${limit}, Used ${used}, Requested ${requested}. Please try again in ${wait}. of ${limit} input tokens per minute, retry after ${used} seconds`,
  );
const body = fc.oneof(
  fc.anything(),
  fc.jsonValue(),
  fc.string(),
  fc.constantFrom(...known),
  message.map((text) => ({ error: { message: text, type: 'tokens', code: 'rate_limit_exceeded' } })),
  fc.record({
    error: fc.anything(),
    type: fc.constantFrom('error', 'response.failed'),
    response: fc.anything(),
    x_groq: fc.anything(),
  }),
);
const status = fc.option(
  fc.oneof(
    fc.constantFrom(200, 400, 401, 402, 403, 408, 409, 413, 429, 498, 500, 503, 504, 529),
    fc.integer({ min: -1, max: 999 }),
  ),
  { nil: undefined },
);
const provider = fc.constantFrom(...PROVIDERS);
const wall = fc.integer({ min: 0, max: 8_640_000_000_000_000 });

function sound(value: number | undefined): void {
  if (value === undefined) return;
  expect(value).toBeGreaterThanOrEqual(0);
  expect(Number.isFinite(value)).toBe(true);
}

function soundFailure(failure: Failure): void {
  for (const key of ['hintMs', 'limit', 'remaining', 'requested', 'resetMs', 'windowMs'] as const) sound(failure[key]);
  expect(failure.hintMs === undefined).toBe(failure.hintSource === undefined);
  expect(failure.advice).not.toBe('');
  const final = ['quota_exhausted', 'too_large', 'auth', 'cancelled'].includes(failure.outcome);
  expect(final && failure.retryable).toBe(false);
}

function soundReadings(readings: readonly LimitReading[]): void {
  for (const reading of readings) {
    for (const key of ['limit', 'remaining', 'resetMs', 'windowMs'] as const) sound(reading[key]);
    expect(reading.limit).toBeGreaterThan(0);
    expect(reading.remaining ?? 0).toBeLessThanOrEqual(reading.limit);
  }
  const dimensions = readings.map((reading) => reading.dimension);
  expect(new Set(dimensions).size).toBe(dimensions.length);
}

function soundUsage(usage: Usage | undefined, name: ProviderName): void {
  if (!usage) return;
  for (const value of Object.values(usage)) sound(value as number);
  for (const value of Object.values(adapterFor(name).charge.charge(usage))) sound(value);
}

describe('no input', () => {
  it('makes the classifier throw or give a wrong number', () => {
    expect(() =>
      fc.assert(
        fc.property(provider, status, headers, body, wall, (name, code, head, content, now) => {
          soundFailure(adapterFor(name).classify({ status: code, headers: head, body: content }, now));
        }),
        { numRuns: 1_500 },
      ),
    ).not.toThrow();
  });

  it('makes readLimits throw or give a wrong number', () => {
    expect(() =>
      fc.assert(
        fc.property(provider, headers, wall, (name, head, now) =>
          soundReadings(adapterFor(name).readLimits(head, now)),
        ),
        { numRuns: 1_000 },
      ),
    ).not.toThrow();
  });

  it('makes usage and response readers throw or give a wrong number', () => {
    const count = fc.oneof(fc.integer(), fc.double(), fc.anything());
    const details = fc.record(
      { cached_tokens: count, cache_write_tokens: count, reasoning_tokens: count },
      { requiredKeys: [] },
    );
    const usage = fc.record(
      {
        prompt_tokens: count,
        completion_tokens: count,
        input_tokens: count,
        output_tokens: count,
        cache_read_input_tokens: count,
        cache_creation_input_tokens: count,
        prompt_tokens_details: details,
        input_tokens_details: details,
        completion_tokens_details: details,
      },
      { requiredKeys: [] },
    );
    expect(() =>
      fc.assert(
        fc.property(
          provider,
          fc.oneof(
            fc.anything(),
            fc.record({ usage, response: fc.record({ usage }), choices: fc.anything() }, { requiredKeys: [] }),
          ),
          (name, content) => {
            soundUsage(adapterFor(name).readUsage(content), name);
            expect(adapterFor(name).readResponse(content)).toBeTypeOf('object');
          },
        ),
        { numRuns: 1_000 },
      ),
    ).not.toThrow();
  });

  it('makes a stream reader throw or give a wrong number', () => {
    const event = fc.option(
      fc.constantFrom('error', 'ping', 'message_start', 'message_delta', 'response.failed', 'x'),
      { nil: null },
    );
    const data = fc.oneof(fc.string(), fc.json(), fc.constantFrom('[DONE]', ''));
    const shaped = fc
      .record(
        {
          type: fc.constantFrom('error', 'response.failed', 'message_start', 'message_delta', 'x'),
          error: fc.jsonValue(),
          usage: fc.jsonValue(),
          message: fc.jsonValue(),
          response: fc.jsonValue(),
          choices: fc.jsonValue(),
          x_groq: fc.jsonValue(),
        },
        { requiredKeys: [] },
      )
      .map((value) => JSON.stringify(value));
    expect(() =>
      fc.assert(
        fc.property(provider, fc.array(fc.tuple(event, fc.oneof(data, shaped)), { maxLength: 8 }), (name, events) => {
          const reader = adapterFor(name).streamReader();
          for (const [eventName, text] of events) {
            const read = reader.read(eventName, text);
            if (read.kind === 'error') soundFailure(adapterFor(name).classify(read.error, 0));
          }
          soundUsage(reader.usage(), name);
          expect(reader.response()).toBeTypeOf('object');
        }),
        { numRuns: 1_000 },
      ),
    ).not.toThrow();
  });

  it('makes describe throw or give a wrong number', () => {
    const value = fc.oneof(fc.anything(), fc.string(), fc.double());
    const request = fc.record(
      {
        model: value,
        messages: value,
        input: value,
        tools: value,
        max_tokens: value,
        n: value,
        best_of: value,
        temperature: value,
        reasoning: value,
        stream: value,
      },
      { requiredKeys: [] },
    );
    const path = fc.oneof(
      fc.string(),
      fc.constantFrom('/chat/completions', '/v1/messages', '/embeddings', '/model/%/invoke', '/responses'),
    );
    expect(() =>
      fc.assert(
        fc.property(provider, path, fc.oneof(request, fc.anything()), (name, where, content) => {
          const info = adapterFor(name).describe({ method: 'post', path: where, body: content });
          sound(info.inputBytes);
          sound(info.maxOutputTokens);
        }),
        { numRuns: 1_000 },
      ),
    ).not.toThrow();
  });

  it('makes the error readers throw', () => {
    expect(() =>
      fc.assert(
        fc.property(
          fc.oneof(
            fc.anything(),
            fc.record({ status, headers: fc.oneof(headers, fc.anything()), error: body, message: fc.anything() }),
          ),
          (error) => {
            const details = classifyError(error);
            if (details) for (const value of [details.limit, details.remaining, details.resetMs]) sound(value);
            soundFailure(classifyConnection(error, false));
          },
        ),
        { numRuns: 1_000 },
      ),
    ).not.toThrow();
  });
});
