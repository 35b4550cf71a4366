import { createHash } from 'node:crypto';

/** Thrown for data that JSON cannot represent. */
class NoPlainData extends Error {}

/** JSON with the members of every object sorted, so that equal data gives equal text. */
function canonicalJson(value: unknown): string | undefined {
  return JSON.stringify(value, (_key, each: unknown) => {
    if (typeof each === 'bigint') return { '\0bigint': String(each) };
    if (typeof each !== 'object' || each === null || Array.isArray(each)) return each;
    const members = each as Record<string, unknown>;
    const names = Object.keys(members);
    if (names.length === 0 && !isPlain(each)) throw new NoPlainData();
    return Object.fromEntries(names.sort().map((name) => [name, members[name]]));
  });
}

function refuse(): never {
  throw new TypeError('Expected plain data.');
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

/**
 * Derives a key from the content of data, equal for equal data in every process. `otherwise` gives the key of data that
 * its content does not identify: functions, files, maps, promises, anything that contains one of these, and circular
 * data.
 */
export function contentKey(value: unknown, otherwise: () => string = refuse): string {
  let text: string | undefined;
  try {
    if (typeof value === 'function' || typeof value === 'symbol') return otherwise();
    text = canonicalJson(value) ?? 'undefined';
  } catch (error) {
    // JSON does not detect a circle among copies, and recurses until the stack overflows.
    if (error instanceof NoPlainData || error instanceof RangeError) return otherwise();
    throw error;
  }
  return createHash('sha256').update(text).digest('base64url').slice(0, 24);
}
