const UNPRINTABLE = /[^\x21-\x7e]/;
const UNPRINTABLES = /[^\x21-\x7e]/g;

/**
 * An identifier from a server, made safe for spans, labels and events: printable ASCII of bounded length. Anything else
 * could bloat or break what is recorded.
 */
export function identifier(value: unknown, maxLength = 128): string | undefined {
  if (typeof value !== 'string' || value === '') return undefined;
  if (value.length <= maxLength && !UNPRINTABLE.test(value)) return value;
  return value.slice(0, maxLength).replaceAll(UNPRINTABLES, '_');
}
