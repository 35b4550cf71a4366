import { Readable } from 'node:stream';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { textLines } from '../../src/core/byte-lines.ts';

async function linesOf(chunks: readonly Uint8Array[]): Promise<string[]> {
  const lines: string[] = [];
  for await (const line of textLines(Readable.from(chunks, { objectMode: true }))) lines.push(line);
  return lines;
}

const text = fc.string({
  unit: fc.constantFrom('a', '\u00e9', '\u2028', '\u2029', '\u0085', '\ud83d\ude00', '"', ' '),
});

test('lines are whole wherever the bytes are cut, and end at line feeds only', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(text, { minLength: 1, maxLength: 6 }),
      fc.constantFrom('\n', '\r\n'),
      fc.array(fc.nat({ max: 60 }), { maxLength: 5 }),
      async (lines, end, cuts) => {
        const bytes = Buffer.from(lines.map((line) => line + end).join(''));
        const places = [...cuts.filter((at) => at < bytes.length).toSorted((a, b) => a - b), bytes.length];
        const chunks = places.map((to, index) => bytes.subarray(index === 0 ? 0 : places[index - 1], to));
        expect(await linesOf(chunks)).toEqual(lines);
      },
    ),
  );
});

test('the last line needs no line feed', async () => {
  expect(await linesOf([Buffer.from('one\ntw'), Buffer.from('o')])).toEqual(['one', 'two']);
  expect(await linesOf([])).toEqual([]);
});
