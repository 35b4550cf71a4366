/** A number with the digits of its text. In Node.js since version 21, not yet in TypeScript's types. */
interface RawJson {
  readonly rawJSON: string;
}
interface ExactJson {
  parse(text: string, revive: (key: string, value: unknown, context: { readonly source?: string }) => unknown): unknown;
  rawJSON(text: string): RawJson;
  isRawJSON(value: unknown): value is RawJson;
}
const exact = JSON as unknown as ExactJson;

const LONG_NUMBER = /\d{16}|\d[eE]\+?\d{3}/;
const INTEGER = /^-?\d+$/;

/**
 * Parses JSON. Numbers that would be rounded, such as 64-bit ids and seeds, keep their digits when they are written
 * again.
 */
export function parseExact(text: string): unknown {
  if (!LONG_NUMBER.test(text)) return JSON.parse(text);
  return exact.parse(text, (_key, value, { source }) => {
    if (typeof value !== 'number' || source === undefined) return value;
    const isKept = Number.isFinite(value) && (!INTEGER.test(source) || BigInt(source) === BigInt(value));
    return isKept ? value : exact.rawJSON(source);
  });
}

/** The text of a number; undefined for anything else. */
export function numberText(value: unknown): string | undefined {
  if (typeof value === 'number') return String(value);
  return exact.isRawJSON(value) ? value.rawJSON : undefined;
}
