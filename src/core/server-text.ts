const UNPRINTABLE = /[^\x21-\x7e]/;
const UNPRINTABLES = /[^\x21-\x7e]/g;

/**
 * An identifier that a server sent, as far as spans, labels and events may carry it: printable ASCII, of bounded length.
 * Whatever a server puts there instead cannot swell or break what is recorded.
 */
export function identifier(value: unknown, maxLength = 128): string | undefined {
  if (typeof value !== 'string' || value === '') return undefined;
  if (value.length <= maxLength && !UNPRINTABLE.test(value)) return value;
  return value.slice(0, maxLength).replaceAll(UNPRINTABLES, '_');
}
