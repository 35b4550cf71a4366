import type { Random } from '../../src/simulator/random.ts';

/** Fragments that break parsers: ends of ranges, quotes, escapes, brackets, line ends, halves of characters. */
const TOKENS = [
  '',
  '0',
  '-0',
  '-1',
  '1e309',
  'NaN',
  'Infinity',
  '9'.repeat(400),
  '9007199254740993',
  '1,000',
  '0x10',
  '1_0',
  '"',
  '\\',
  '\\"',
  '\\u0000',
  '{',
  '}',
  '[',
  ']',
  ':',
  ',',
  'null',
  'true',
  '"usage":{',
  '{"error":',
  '\n',
  '\r',
  '\r\n',
  '\t',
  '\0',
  '\uFEFF',
  '\u2028',
  '\uD800',
  '\uDC00',
  'é',
  '漢',
  '🙂',
  '\u0130',
  'ſ',
  'İ',
  '__proto__',
  'constructor',
  'toString',
  'data:',
  'event:',
  'Limit ',
  'try again in ',
  'ms',
  'GMT',
  '%',
  '%00',
  '//',
  '..',
  '?',
  '#',
  '@',
  '[::1]',
  '$&',
  '${x}',
  '<',
  '>',
  '&',
  ';',
  '=',
  ' ',
];

/** A corpus entry with one to five changes. By seed. */
export function mutate(random: Random, corpus: readonly string[]): string {
  let text = pick(random, corpus);
  for (let changes = 1 + below(random, 5); changes > 0; changes--) text = changed(random, text, corpus);
  return text.slice(0, 20_000);
}

function changed(random: Random, text: string, corpus: readonly string[]): string {
  const at = below(random, text.length + 1);
  const to = Math.min(text.length, at + below(random, 12));
  switch (below(random, 7)) {
    case 0:
      return text.slice(0, at) + pick(random, TOKENS) + text.slice(at);
    case 1:
      return text.slice(0, at) + pick(random, TOKENS) + text.slice(to);
    case 2:
      return text.slice(0, at) + text.slice(to);
    case 3:
      return text.slice(0, at) + text.slice(at, to).repeat(1 + below(random, 200)) + text.slice(to);
    case 4:
      return text.slice(0, at) + String.fromCharCode(below(random, 65_536)) + text.slice(to);
    case 5: {
      const other = pick(random, corpus);
      return text.slice(0, at) + other.slice(below(random, other.length + 1));
    }
    default:
      // A number in place of one, or where none was.
      return text.replace(/\d+(?:\.\d+)?/, pick(random, TOKENS));
  }
}

/** Repeats a part of a corpus entry, which slows down a backtracking search. */
export function pump(random: Random, corpus: readonly string[], length: number): string {
  const text = pick(random, corpus);
  const at = below(random, text.length);
  const part = text.slice(at, at + 1 + below(random, 8)) || 'a';
  return text.slice(0, at) + part.repeat(Math.ceil(length / part.length)) + text.slice(at);
}

function below(random: Random, limit: number): number {
  return Math.floor(random() * limit);
}

function pick<T>(random: Random, items: readonly T[]): T {
  return items[below(random, items.length)]!;
}
