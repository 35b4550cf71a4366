import { Buffer } from 'node:buffer';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FreeFrames } from '../../src/providers/apis/free-frames.ts';

function parts(...chunks: string[]): { readonly parts: [string, boolean][]; readonly rest: string } {
  const frames = new FreeFrames();
  const found = chunks.flatMap((chunk) => {
    const { before, held, behind } = frames.push(Buffer.from(chunk));
    return [
      [before, true],
      [held, false],
      [behind, true],
    ] as const;
  });
  return {
    parts: found.flatMap(([bytes, free]) => (bytes ? [[Buffer.from(bytes).toString(), free]] : [])),
    rest: Buffer.from(frames.take() ?? []).toString(),
  };
}

describe('frames of a stream that is held back', () => {
  it.each([
    [': keep-alive\n\n', [': keep-alive\n\n'], ''],
    ['\n', ['\n'], ''],
    [': OPENROUTER PROCESSING\r\n\r\n', [': OPENROUTER PROCESSING\r\n\r\n'], ''],
    ['event: ping\ndata: {"type": "ping"}\n\n', ['event: ping\ndata: {"type": "ping"}\n\n'], ''],
    ['data: {"type":"ping"}\n\n', ['data: {"type":"ping"}\n\n'], ''],
    // Incomplete: the next stream's first line would become a part of it.
    [': keep-al', [], ': keep-al'],
  ])('passes on %j', (text, free, rest) => {
    const found = parts(text);
    expect(found.parts).toEqual(free.map((each) => [each, true]));
    expect(found.rest).toBe(rest);
  });

  it('holds back what may begin an answer, and what it contains', () => {
    expect(parts('data: {"a":1}\n: in between\n\n').parts).toEqual([['data: {"a":1}\n: in between\n\n', false]]);
    expect(parts('event: message_start\ndata: {"type":"ping"', '}x\n\n').parts).toEqual([
      ['event: message_start\ndata: {"type":"ping"}x\n\n', false],
    ]);
    expect(parts('data: "event: ping"\n\n').parts).toEqual([['data: "event: ping"\n\n', false]]);
  });

  it('passes on ten thousand lines as three views, whatever stands between', () => {
    const frames = new FreeFrames();
    const lines = (text: string): string => text.repeat(5_000);
    const blank = frames.push(Buffer.from(lines('\n: c\n')));
    expect(blank).toMatchObject({ held: undefined, behind: undefined });
    expect(blank.before).toHaveLength(5 * 5_000);
    const { before, held, behind } = frames.push(Buffer.from(`\n${lines('data: x\n\n: c\n')}\n`));
    expect([before?.length, held?.length, behind?.length]).toEqual([1, 13 * 5_000 - 4, 5]);
  });

  it('scans no chunk longer than any keep-alive, and nothing that may belong to its last frame', () => {
    const frames = new FreeFrames();
    const large = Buffer.from('\n'.repeat(70_000));
    const whole = { before: undefined, behind: undefined };
    expect(frames.push(Buffer.from('data: x'))).toEqual({ ...whole, held: undefined });
    expect(frames.push(large)).toEqual({ ...whole, held: Buffer.concat([Buffer.from('data: x'), large]) });
    expect(frames.push(Buffer.from(': c\n\n'))).toEqual({ ...whole, held: Buffer.from(': c\n\n') });
    expect(frames.push(Buffer.from(': c\n\n'))).toMatchObject({ before: Buffer.from(': c\n\n'), held: undefined });
  });

  it('preserves all bytes in order, however they are cut', () => {
    const piece = fc.constantFrom(
      ': c\n',
      '\n',
      'data: x\n',
      'event: ping\n',
      'data: {"type":"ping"}\n',
      '\r\n',
      ':\r',
      'id: 1\n',
      'x',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 30 }), fc.array(fc.nat(40), { maxLength: 8 }), (pieces, cuts) => {
        const text = pieces.join('');
        const at = [0, ...cuts.map((cut) => Math.min(cut, text.length)).toSorted((a, b) => a - b), text.length];
        const found = parts(...at.slice(1).map((end, index) => text.slice(at[index], end)));
        expect(found.parts.map(([part]) => part).join('') + found.rest).toBe(text);
        for (const [part, free] of found.parts) if (free) expect(part).toMatch(/^[:\r\n]|ping/);
      }),
    );
  });

  it('scans no long frame', () => {
    const frames = new FreeFrames();
    const long = Buffer.from(`data: ${'x'.repeat(5_000)}`);
    expect(frames.push(long)).toEqual({ before: undefined, held: long, behind: undefined });
    expect(frames.hasRest).toBe(false);
  });
});
