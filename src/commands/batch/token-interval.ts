export type Interval = readonly [number, number];

/** Bytes to a token, at most and at least, as today's tokenizers count (test/commands/batch/token-interval.test.ts). */
const PLAIN = [6, 2.5] as const;
/** Digits, and text without words, such as base64. */
const DENSE = [3.5, 1.2] as const;
/** From Cyrillic, of which a token has several letters, to emoji, of which one may be several tokens. */
const OTHER_SCRIPTS = [9, 1.2] as const;

const WORDLESS = /[\w+/=-]{32,}|\d+/g;
const ASCII = /[\0-\x7f]+/g;

/**
 * Tokens of a request's body, as an interval: at least its texts, at most all of its JSON.
 * @param body without the name of the model
 * @param hidden whether it has images, files or the like, whose base64 is not counted in tokens as text
 */
export function tokenInterval(body: Readonly<Record<string, unknown>>, hidden = false): Interval {
  const texts: string[] = [];
  const json = JSON.stringify(body, (_, value: unknown) => {
    if (typeof value === 'string') texts.push(value);
    return value;
  });
  const text = texts.join(' ');
  return [tokensOf(hidden ? text.replaceAll(WORDLESS, '') : text, 0), tokensOf(json, 1)];
}

function tokensOf(text: string, end: 0 | 1): number {
  let dense = 0;
  for (const [run] of text.matchAll(WORDLESS)) dense += run.length;
  const other = Buffer.byteLength(text.replaceAll(ASCII, ''));
  const plain = Buffer.byteLength(text) - dense - other;
  return plain / PLAIN[end] + dense / DENSE[end] + other / OTHER_SCRIPTS[end];
}
