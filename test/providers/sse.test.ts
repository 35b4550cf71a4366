import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SseScanner } from '../../src/providers/apis/sse-scanner.ts';

type Event = [event: string | null, data: string];

function scan(chunks: readonly (Uint8Array | string)[]): Event[] {
  const events: Event[] = [];
  const scanner = new SseScanner((event, data) => events.push([event, data]));
  for (const chunk of chunks) scanner.push(chunk);
  scanner.end();
  return events;
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

/** Cuts bytes at the given places, through lines and characters alike. */
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

  it('counts a last event without its blank line', () => {
    expect(scan(['data: [DONE]'])).toEqual([[null, '[DONE]']]);
  });

  it('skips a byte order mark', () => {
    expect(scan([bytes('\uFEFFdata: x\n\n')])).toEqual([[null, 'x']]);
  });

  it('reads a line of many megabytes that comes in small pieces', () => {
    const picture = 'A'.repeat(16 * 1_024 * 1_024);
    const whole = bytes(`data: ${picture}\n\n`);
    const pieces = Array.from({ length: Math.ceil(whole.length / 4_096) }, (_, index) =>
      whole.subarray(index * 4_096, (index + 1) * 4_096),
    );
    const events = scan(pieces);
    expect(events).toHaveLength(1);
    expect(events[0]![1] === picture).toBe(true);
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
