import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import type { SdkCase } from '../../helpers/sdk-matrix.ts';
import type { Draw } from './draw.ts';

/** How the server answers one request; the same for both clients. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  readonly chunks: readonly Buffer[];
  /** After the chunks: a regular end, a reset connection, or nothing more. */
  readonly end: 'ends' | 'breaks' | 'stalls';
  /** Whether the head has a content-length. */
  readonly sized: boolean;
  /** Whether chunks are sent one by one, so that the reader sees them apart. */
  readonly paced: boolean;
}

const ERROR_STATUSES = [
  400, 401, 402, 403, 404, 405, 408, 409, 410, 413, 415, 418, 422, 425, 429, 429, 429, 431, 451, 498, 499, 500, 500,
  501, 502, 503, 503, 504, 507, 520, 522, 529, 529, 599,
] as const;

const JSON_TYPES = [
  'application/json',
  'application/json; charset=utf-8',
  'application/vnd.api+json',
  'Application/JSON',
  'application/problem+json',
] as const;
const OTHER_TYPES = [
  'text/plain',
  'text/html; charset=utf-8',
  'application/octet-stream',
  'garbage',
  '',
  undefined,
] as const;

export function drawAnswer(draw: Draw, sdk: SdkCase, streamed: boolean): Answer {
  const failed = draw.chance(0.45);
  const asStream = failed ? draw.chance(0.05) : draw.chance(streamed ? 0.9 : 0.08);
  const status = failed
    ? draw.pick(ERROR_STATUSES)
    : draw.chance(0.9)
      ? 200
      : draw.pick([201, 202, 203, 204, 205, 206]);
  const whole = asStream ? sseBody(draw, sdk) : failed ? errorBody(draw, sdk) : jsonBody(draw, sdk);
  const type = draw.chance(0.85)
    ? asStream
      ? draw.pick(['text/event-stream', 'text/event-stream; charset=utf-8'])
      : draw.pick(JSON_TYPES)
    : draw.pick([...OTHER_TYPES, ...JSON_TYPES, 'text/event-stream']);
  const { bytes, encoding } = encode(draw, whole);
  const empty = status === 204 || status === 205;
  // undici's error for a body that is truncated and wrongly encoded varies.
  const end =
    empty || encoding !== undefined ? 'ends' : draw.chance(0.86) ? 'ends' : draw.chance(0.75) ? 'breaks' : 'stalls';
  const kept = end === 'ends' ? bytes : bytes.subarray(0, draw.whole(0, bytes.length));
  return {
    status,
    headers: {
      ...drawHeaders(draw),
      ...(type === undefined ? {} : { 'content-type': type }),
      ...(encoding === undefined ? {} : { 'content-encoding': encoding }),
    },
    chunks: empty ? [] : cut(draw, kept),
    end,
    sized: !empty && end === 'ends' && draw.chance(0.5),
    paced: draw.chance(0.3),
  };
}

function drawHeaders(draw: Draw): Record<string, string | readonly string[]> {
  const all: readonly (readonly [string, string | readonly string[]])[] = [
    ['x-request-id', `req_${draw.whole(1, 1e6)}`],
    ['request-id', `req_${draw.whole(1, 1e6)}`],
    ['x-should-retry', draw.pick(['true', 'false', 'maybe', ''])],
    ['retry-after', draw.pick(['0', '1', '0.02', '-1', 'soon', 'Wed, 21 Oct 2015 07:28:00 GMT', '86400', ''])],
    ['retry-after-ms', draw.pick(['0', '1', '20', 'NaN', '-5', '1e3'])],
    ['x-ratelimit-limit-requests', draw.pick(['60', '0', '-1', 'many', '1e999'])],
    ['x-ratelimit-remaining-requests', draw.pick(['59', '0', '-1', 'none'])],
    ['x-ratelimit-reset-requests', draw.pick(['1s', '6m0s', '120ms', 'later', ''])],
    ['x-ratelimit-limit-tokens', draw.pick(['30000', '0', 'x'])],
    ['x-ratelimit-remaining-tokens', draw.pick(['29000', '0', 'x'])],
    ['anthropic-ratelimit-requests-limit', draw.pick(['50', 'x'])],
    ['anthropic-ratelimit-requests-remaining', draw.pick(['49', '0'])],
    ['anthropic-ratelimit-requests-reset', draw.pick(['2026-01-01T00:00:00Z', 'never'])],
    ['date', draw.pick(['Thu, 01 Jan 2026 00:00:00 GMT', 'yesterday'])],
    ['set-cookie', ['a=1', 'b=2; Path=/']],
    ['x-twice', ['1', '2']],
    ['openai-processing-ms', '12'],
  ];
  return Object.fromEntries(all.filter(() => draw.chance(0.18)));
}

function jsonBody(draw: Draw, sdk: SdkCase): string {
  const completion = JSON.stringify(sdk.completion);
  return draw.pickWeighted<() => string>([
    [10, () => completion],
    [2, () => JSON.stringify({ ...sdk.completion, text: 'ü€😀\u2028'.repeat(draw.whole(1, 30)) })],
    [1, () => JSON.stringify({ ...sdk.completion, filler: 'x'.repeat(draw.whole(10_000, 90_000)) })],
    [1, () => JSON.stringify({ error: { message: 'in a good answer', type: 'server_error' } })],
    [1, () => JSON.stringify({ ...sdk.completion, usage: draw.pick([null, {}, 'x', { prompt_tokens: 'many' }]) })],
    [1, () => draw.pick(['', 'null', '[]', '0', '"text"', 'true', '{}', '{"choices":null}'])],
    [1, () => draw.pick(['{', 'no json', '<html>', '{"a":1}{"b":2}', `${completion}garbage`])],
    [1, () => `\uFEFF${completion}`],
    [1, () => ` \n${completion}\r\n`],
  ])();
}

function errorBody(draw: Draw, sdk: SdkCase): string {
  return draw.pickWeighted<() => string>([
    [6, () => JSON.stringify(sdk.errorBody)],
    [1, () => JSON.stringify({ error: { message: 'You exceeded your current quota', code: 'insufficient_quota' } })],
    [
      1,
      () =>
        JSON.stringify({ error: { message: 'Rate limit reached, try again in 20ms', code: 'rate_limit_exceeded' } }),
    ],
    [1, () => JSON.stringify({ type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } })],
    [1, () => JSON.stringify({ error: draw.pick<unknown>(['a string', null, 0, [], { message: { nested: true } }]) })],
    [1, () => JSON.stringify({ message: 'flat', code: 7 })],
    [1, () => JSON.stringify([{ error: { code: 429, status: 'RESOURCE_EXHAUSTED', message: 'listed' } }])],
    [1, () => draw.pick(['', ' ', 'null', '{}', '[]', '"x"', '{"error":', '<html>502</html>', 'ü€😀'])],
    [1, () => JSON.stringify({ error: { message: 'long '.repeat(draw.whole(1_000, 20_000)) } })],
  ])();
}

function sseBody(draw: Draw, sdk: SdkCase): string {
  const events = [...sdk.chunks];
  const odd: readonly string[] = [
    ': a comment\n\n',
    'event: unknown\ndata: {"type":"unknown"}\n\n',
    'data: no json\n\n',
    'data: {"error":{"message":"in the middle","type":"server_error"}}\n\n',
    'event: error\ndata: {"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}\n\n',
    'event: error\ndata: plain words\n\n',
    'data: null\n\n',
    'data: []\n\n',
    'data:\n\n',
    'id: 7\nretry: 10\n\n',
    'data: {"choices":\ndata: []}\n\n',
    'event: ping\ndata: {"type": "ping"}\n\n',
    'data: [DONE]\n\n',
    '\n\n\n',
    'garbage without a colon\n\n',
    `data: ${JSON.stringify({ choices: [{ delta: { content: 'long '.repeat(20_000) } }] })}\n\n`,
    `: ${'long comment '.repeat(5_000)}\n\n`,
    'event: ping\nevent: error\ndata: {"type":"ping"}\n\n',
    'data : a space before the colon\n\n',
    '\uFEFFdata: {"choices":[]}\n\n',
    `data: ${JSON.stringify({ choices: [{ delta: { content: 'ü€😀' } }] })}\n\n`,
  ];
  for (let count = draw.whole(0, 2); count > 0; count--) {
    events.splice(draw.whole(0, events.length), 0, draw.pick(odd));
  }
  if (draw.chance(0.1)) events.splice(draw.whole(0, events.length), draw.whole(1, 3));
  let text = events.join('');
  if (draw.chance(0.15)) text = text.replaceAll('\n', '\r\n');
  else if (draw.chance(0.05)) text = text.replaceAll('\n', '\r');
  if (draw.chance(0.1)) text = text.replaceAll('data: ', 'data:');
  if (draw.chance(0.05)) text = text.trimEnd();
  return draw.chance(0.03) ? `\uFEFF${text}` : text;
}

function encode(draw: Draw, text: string): { bytes: Buffer; encoding: string | undefined } {
  const bytes = draw.chance(0.03) ? Buffer.from(text, 'latin1') : Buffer.from(text);
  if (draw.chance(0.85)) return { bytes, encoding: undefined };
  return draw.pick([
    () => ({ bytes: gzipSync(bytes), encoding: 'gzip' }),
    () => ({ bytes: gzipSync(bytes), encoding: 'gzip' }),
    () => ({ bytes: deflateSync(bytes), encoding: 'deflate' }),
    () => ({ bytes: brotliCompressSync(bytes), encoding: 'br' }),
    () => ({ bytes: zstdCompressSync(bytes), encoding: 'zstd' }),
    () => ({ bytes: deflateRawSync(bytes), encoding: 'deflate' }),
    () => ({ bytes: Buffer.concat([gzipSync(bytes.subarray(0, 9)), gzipSync(bytes.subarray(9))]), encoding: 'gzip' }),
    () => ({ bytes: gzipSync(brotliCompressSync(bytes)), encoding: 'br, gzip' }),
    () => ({ bytes, encoding: 'gzip' }),
    () => ({ bytes, encoding: 'identity' }),
  ])();
}

function cut(draw: Draw, bytes: Buffer): Buffer[] {
  const chunks: Buffer[] = [];
  const largest = draw.pick([3, 40, 400, 100_000]);
  // Thousands of chunks would only take time.
  const least = Math.ceil(bytes.length / 60);
  for (let at = 0; at < bytes.length;) {
    const length = Math.max(least, draw.whole(1, largest));
    chunks.push(bytes.subarray(at, at + length));
    at += length;
  }
  return chunks;
}
