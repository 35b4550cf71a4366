import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import type { MeterProvider as ApiMeterProvider } from '@opentelemetry/api';
import { PrometheusExporter, PrometheusSerializer } from '@opentelemetry/exporter-prometheus';
import { MeterProvider } from '@opentelemetry/sdk-metrics';
import { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { dispatch } from '../../src/commands/dispatch.ts';
import { recordHits } from '../../src/hits/record-hits.ts';
import { classifyError } from '../../src/providers/errors/classify-error.ts';
import { FakeIo } from '../commands/fake-io.ts';
import { fakeFetch, json, type Reply, sse } from '../helpers/fake-fetch.ts';
import { FAST, guardedClient, testGuard } from '../helpers/guarded.ts';
import { SDKS, type SdkCase } from '../helpers/sdk-matrix.ts';
import { eventually } from '../helpers/eventually.ts';

const SECRET = 'sk-live-0123456789abcdef';
/** With user, password, path, query and fragment. */
const BASE_URL = `https://user:${SECRET}@proxy.example:8443/${SECRET}/v1?token=${SECRET}#${SECRET}`;

const limited = (message: string): Reply =>
  json({ error: { message, type: 'tokens', code: 'rate_limit_exceeded' } }, 429, { 'retry-after-ms': '5' });

/** What a server, or a proxy in front of it, may say; each contains a secret. */
const ANSWERS: readonly [string, Reply | readonly Reply[]][] = [
  [
    'the model of a limit',
    limited(
      `Rate limit reached for ${SECRET} in organization ${SECRET} on tokens per min (TPM): Limit 10, Used 9, Requested 2.`,
    ),
  ],
  [
    'the name of a limit',
    limited(
      `Rate limit reached for gpt-4o (for limit ${SECRET}) in organization ${SECRET} on requests per min (RPM): Limit 10, Used 10, Requested 1.`,
    ),
  ],
  [
    'the project of a limit',
    limited(
      `Rate limit reached for test-model in project ${SECRET} on tokens per min (TPM): Limit 10, Used 9, Requested 2.`,
    ),
  ],
  [
    'the details of Google',
    json(
      [
        {
          error: {
            code: 429,
            message: SECRET,
            status: 'RESOURCE_EXHAUSTED',
            details: [
              {
                '@type': 'type.googleapis.com/google.rpc.QuotaFailure',
                violations: [
                  {
                    quotaMetric: SECRET,
                    quotaId: SECRET,
                    quotaDimensions: { model: SECRET, location: SECRET },
                    quotaValue: '5',
                  },
                ],
              },
              {
                '@type': 'type.googleapis.com/google.rpc.ErrorInfo',
                reason: SECRET,
                domain: SECRET,
                metadata: { service: SECRET },
              },
              { '@type': SECRET, retryDelay: SECRET },
            ],
          },
        },
      ],
      429,
    ),
  ],
  [
    'the metadata of a router',
    json(
      {
        error: {
          code: 429,
          message: SECRET,
          metadata: {
            provider_name: SECRET,
            raw: JSON.stringify({ error: { code: SECRET, message: SECRET } }),
            headers: { 'X-RateLimit-Limit': SECRET },
          },
        },
      },
      429,
    ),
  ],
  [
    'a header that names the error',
    json({ message: SECRET }, 500, { 'x-amzn-errortype': `${SECRET}:https://${SECRET}/` }),
  ],
  [
    'headers of limits',
    json({ error: { message: 'No' } }, 429, {
      'retry-after': SECRET,
      'x-ratelimit-limit-requests': SECRET,
      'x-ratelimit-reset-tokens': SECRET,
      'anthropic-ratelimit-tokens-reset': SECRET,
    }),
  ],
  [
    'every code',
    json(
      {
        code: SECRET,
        type: SECRET,
        status: SECRET,
        error: {
          code: SECRET,
          type: SECRET,
          status: SECRET,
          __type: SECRET,
          param: SECRET,
          details: { error_code: SECRET },
          message: SECRET,
        },
      },
      500,
    ),
  ],
  [
    'a list of what is wrong',
    json({ detail: [{ loc: ['body', SECRET], msg: SECRET, type: SECRET, input: SECRET }] }, 422),
  ],
  ['a page', () => new Response(`<html>${SECRET}</html>`, { status: 502, headers: { 'content-type': 'text/html' } })],
  ['a status text', () => new Response('', { status: 503, statusText: SECRET })],
  ['an error with status 200', json({ error: { code: SECRET, type: SECRET, message: SECRET } })],
  [
    'a choice that is an error',
    json({
      choices: [
        { index: 0, message: { content: 'an' }, finish_reason: 'error', error: { code: SECRET, message: SECRET } },
      ],
    }),
  ],
  ['no JSON', () => new Response(`{"error": ${SECRET}`, { headers: { 'content-type': 'application/json' } })],
  [
    'a broken connection',
    () => {
      throw Object.assign(new TypeError(SECRET), {
        code: SECRET,
        cause: Object.assign(new Error(SECRET), { code: SECRET, hostname: SECRET }),
      });
    },
  ],
  [
    'what is no error',
    () => {
      // oxlint-disable-next-line typescript/only-throw-error -- That is the attack.
      throw SECRET;
    },
  ],
];

const STREAMS: readonly [string, readonly string[]][] = [
  [
    'an error event',
    [`event: error\ndata: {"type":"error","error":{"type":"${SECRET}","code":"${SECRET}","message":"${SECRET}"}}\n\n`],
  ],
  ['an error event that is no JSON', [`event: error\ndata: ${SECRET}\n\n`]],
  ['the name of an event', [`event: ${SECRET}\nid: ${SECRET}\n: ${SECRET}\ndata: {"type":"${SECRET}"}\n\n`]],
  [
    'a failed response',
    [`data: {"type":"response.failed","response":{"error":{"code":"${SECRET}","message":"${SECRET}"}}}\n\n`],
  ],
];

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tidegate-exposure-'));
});
afterEach(async () => {
  vi.restoreAllMocks();
  await rm(folder, { recursive: true });
});

const everythingOf = (value: unknown): string =>
  inspect(value, { depth: Infinity, showHidden: true, maxArrayLength: Infinity, maxStringLength: Infinity });

/** Makes calls answered by `replies`, and returns everything that tidegate says of them anywhere. */
async function toldOf(sdk: SdkCase, replies: readonly Reply[], stream: boolean): Promise<string> {
  const reader = new PrometheusExporter({ preventServerStart: true });
  const meterProvider = new MeterProvider({ readers: [reader] }) as unknown as ApiMeterProvider;
  const exporter = new InMemorySpanExporter();
  const tracerProvider = new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] });
  const warned = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
  const guard = testGuard({
    ...FAST,
    deadlineMs: 5_000,
    telemetry: { tracerProvider, meterProvider },
    pacing: {
      countTokens: () => {
        throw new Error(SECRET);
      },
    },
  });
  const path = join(folder, 'hits.jsonl');
  const hits = recordHits({ path, guard, record: 'all' });
  const client = guardedClient(sdk, guard, fakeFetch(...replies).fetch, {
    apiKey: SECRET,
    baseURL: BASE_URL,
    logLevel: 'off',
    defaultHeaders: { 'x-mine': SECRET },
  });
  const errors: unknown[] = [];
  const request = stream ? sdk.stream : sdk.create;
  for (let call = 0; call < 2; call++) {
    try {
      const answer: unknown = await request(client, {}, { user: SECRET, metadata: { user_id: SECRET } });
      if (stream) for await (const _ of answer as AsyncIterable<unknown>);
    } catch (error) {
      errors.push((error as { tidegate?: unknown }).tidegate, classifyError(error));
    }
  }
  await eventually(() => expect(guard.snapshot()).toMatchObject([{ inFlight: 0 }]));
  const snapshot = guard.snapshot();
  await hits.close();
  const metrics = new PrometheusSerializer().serialize((await reader.collect()).resourceMetrics);
  expect(metrics).toContain('tidegate_calls_total');
  const spans = exporter
    .getFinishedSpans()
    .map(({ name, attributes, events, status }) => ({ name, attributes, events, status }));
  expect(spans.length).toBeGreaterThan(1);
  const io = new FakeIo();
  await dispatch(['report', path], io, '1.0.0');
  await dispatch(['report', path, '--json'], io, '1.0.0');
  return [
    ...[guard.events, snapshot, errors, spans, warned.mock.calls, io.outLines, io.errLines].map(everythingOf),
    metrics,
    await readFile(path, 'utf8'),
  ].join('\n');
}

const found = (told: string): string[] => told.match(/.{0,80}0123456789abcdef.{0,20}/g) ?? [];

// One of each API; the texts do not depend on the SDK's version.
const NEWEST = SDKS.filter(({ family }, index) => SDKS.findIndex((each) => each.family === family) === index);

describe.each(NEWEST)('$name', (sdk) => {
  it.each(ANSWERS)('shows no secret that a server sends, or a base URL has: %s', async (_name, answer) => {
    const replies = typeof answer === 'function' ? [answer] : answer;
    expect(found(await toldOf(sdk, [...replies, ...replies, json(sdk.completion)], false))).toEqual([]);
  });

  it.each(STREAMS)('shows none in a stream: %s', async (_name, events) => {
    const [first, ...rest] = sdk.chunks;
    expect(found(await toldOf(sdk, [sse(events), sse([first!, ...rest.slice(0, 2), ...events])], true))).toEqual([]);
  });
});
