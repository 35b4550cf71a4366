import fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { MAX_CHARS, TAIL_CHARS } from '../../src/providers/apis/clipped-text.ts';
import { SseScanner } from '../../src/providers/apis/sse-scanner.ts';
import { adapterFor } from '../../src/providers/registry.ts';

type Event = [event: string | null, data: string];

function scan(chunks: readonly (Uint8Array | string)[]): Event[] {
  const events: Event[] = [];
  const scanner = new SseScanner((event, data) => events.push([event, data]));
  for (const chunk of chunks) scanner.push(chunk);
  scanner.end();
  return events;
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

/** Cuts bytes at the given offsets, through lines and characters alike. */
function cut(whole: Uint8Array, places: readonly number[]): Uint8Array[] {
  const at = [0, ...places.map((place) => place % (whole.length + 1)).toSorted((a, b) => a - b), whole.length];
  return at.slice(1).map((end, index) => whole.subarray(at[index], end));
}

describe('SseScanner', () => {
  it.each([
    ['LF', '\n'],
    ['CRLF', '\r\n'],
    ['CR', '\r'],
  ])('reads names, data lines and comments with %s', (_name, newline) => {
    const text = ['event: first', 'data: a', 'data:b', '', ': comment', 'data:  c', '', 'event: last', ''].join(
      newline,
    );
    expect(scan([bytes(text + newline)])).toEqual([
      ['first', 'a\nb'],
      [null, ' c'],
      ['last', ''],
    ]);
  });

  it('reports an event that ends with CR at once, as the SDKs do, whether or not LF follows', () => {
    const events: (string | null)[] = [];
    const scanner = new SseScanner((event) => events.push(event));
    scanner.push('event: error\r\r');
    expect(events).toEqual(['error']);
    scanner.push('\nevent: next\r\n\r');
    expect(events).toEqual(['error', 'next']);
    scanner.push('\n\n');
    scanner.end();
    expect(events).toEqual(['error', 'next']);
  });

  it('accepts a last event without its blank line', () => {
    expect(scan(['data: [DONE]'])).toEqual([[null, '[DONE]']]);
  });

  it('reads events that come one per chunk like those that come together', () => {
    const pieces = [
      'data: a\n\n',
      'data:b\n\n',
      'data:\n\n',
      'data\n\n',
      'event: named\ndata: c\n\n',
      'event:named\ndata:d\n\n',
      'event: alone\n\n',
      'event: two\n',
      'data: lines\ndata: of it\n\n',
      'event: cr\ndata: e\r\n\n',
      'event: cr\r\ndata: f\n\n',
      'data: g\n\ndata: h\n\n',
      'data: i\n',
      '\n',
      'data: ',
      'data: j\n\n',
      'data: é\n\n',
      ': comment\n\n',
      'event: \ndata: k\n\n',
      'data: l\n\n\n',
      'event: open',
    ];
    expect(scan(pieces.map(bytes))).toEqual(scan([bytes(pieces.join(''))]));
  });

  it('skips a byte order mark', () => {
    expect(scan([bytes('\uFEFFdata: x\n\n')])).toEqual([[null, 'x']]);
  });

  it('removes one of two byte order marks, however they are cut', () => {
    const whole = bytes('\uFEFF\uFEFFdata: x\n\ndata: y\n\n');
    for (let at = 0; at <= 8; at++) {
      expect(scan([whole.subarray(0, at), whole.subarray(at)])).toEqual([[null, 'y']]);
    }
  });

  it.each([
    ['one line', (picture: string) => `data: {"a":"${picture}","z":1}\n\ndata: next\n\n`],
    [
      'many lines',
      (picture: string) => `${picture.replaceAll(/.{1024}/g, 'data: $&\n')}data: "z":1}\n\ndata: next\n\n`,
    ],
    [
      'lines with CR',
      (picture: string) => `${picture.replaceAll(/.{1024}/g, 'data: $&\r')}data: "z":1}\r\rdata: next\r\r`,
    ],
  ])('keeps only the ends of an event of many megabytes in %s', (_name, make) => {
    const whole = bytes(make('A'.repeat(4 * 1_024 * 1_024)));
    for (const size of [4_096, whole.length]) {
      const events: [string, boolean][] = [];
      const scanner = new SseScanner((_event, data, clipped) => events.push([data, clipped]));
      for (let from = 0; from < whole.length; from += size) scanner.push(whole.subarray(from, from + size));
      scanner.end();
      expect(events).toHaveLength(2);
      const [data, clipped] = events[0]!;
      expect(clipped).toBe(true);
      expect(data.length).toBeLessThanOrEqual(MAX_CHARS);
      expect(data.length).toBeGreaterThanOrEqual(TAIL_CHARS);
      expect(data).toMatch(/^[^\n]{1,8}A+[^]*"z":1\}$/);
      expect(events[1]).toEqual(['next', false]);
    }
  });

  it('finds the same events wherever the bytes are cut, ASCII first or not', () => {
    const line = fc.string({ unit: fc.constantFrom('a', '"', ' ', 'é', '漢', '🙂'), maxLength: 12 });
    fc.assert(
      fc.property(
        fc.array(fc.array(line, { minLength: 1, maxLength: 3 }), { maxLength: 5 }),
        fc.constantFrom('\n', '\r\n', '\r'),
        fc.array(fc.nat(), { maxLength: 12 }),
        (events, newline, places) => {
          const text = events.map((data) => data.map((each) => `data: ${each}${newline}`).join('') + newline).join('');
          expect(scan(cut(bytes(text), places))).toEqual(events.map((data) => [null, data.join('\n')]));
        },
      ),
    );
  });
});

describe('an event of 50 MB', () => {
  afterEach(() => vi.restoreAllMocks());

  const picture = 'A'.repeat(50_000_000);
  const counts = { input_tokens: 11, output_tokens: 4_000 };
  const image = { type: 'image_generation.completed', b64_json: picture, usage: counts };
  const response = { id: 'resp_1', status: 'completed', output: [{ text: picture }], usage: counts, user: null };
  const chunk = (rest: object): object => ({
    id: 'c',
    choices: [{ index: 0, delta: { content: picture }, finish_reason: 'stop' }],
    ...rest,
  });

  it.each([
    ['a picture', 'openai', image, true],
    ['a response', 'openai', { type: 'response.completed', response }, true],
    ['a chunk with its usage', 'openai', chunk({ usage: { prompt_tokens: 11, completion_tokens: 4_000 } }), true],
    ['a chunk of Groq', 'groq', chunk({ x_groq: { usage: counts } }), true],
    ['a content block', 'anthropic', { type: 'content_block_delta', delta: { text: picture } }, false],
    ['a last delta', 'anthropic', { type: 'message_delta', delta: { text: picture }, usage: counts }, true],
  ] as const)('costs its stream no more than its ends: %s', (_name, provider, event, counted) => {
    const reader = adapterFor(provider).streamReader();
    const longest = { parsed: 0, tested: 0 };
    const { parse } = JSON;
    vi.spyOn(JSON, 'parse').mockImplementation((text: string) => {
      longest.parsed = Math.max(longest.parsed, text.length);
      return parse(text) as unknown;
    });
    const { exec } = RegExp.prototype;
    vi.spyOn(RegExp.prototype, 'exec').mockImplementation(function (this: RegExp, text: string) {
      longest.tested = Math.max(longest.tested, text.length);
      return exec.call(this, text);
    });
    const kinds: string[] = [];
    const scanner = new SseScanner((name, data, clipped) => {
      kinds.push(`${reader.read(name, data, clipped).kind} ${clipped}`);
    });
    scanner.push(`data: ${JSON.stringify(event)}\n\n`);
    expect(kinds).toEqual(['content true']);
    expect(longest.parsed).toBeLessThan(MAX_CHARS);
    expect(longest.tested).toBeLessThan(MAX_CHARS);
    if (counted) expect(reader.usage()).toMatchObject({ inputTokens: 11, outputTokens: 4_000 });
    if (provider !== 'anthropic') expect(reader.finished()).toBe(true);
  });
});
