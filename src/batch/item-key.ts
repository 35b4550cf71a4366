import { createHash } from 'node:crypto';

/** Data that JSON would tell nothing of. */
class NoPlainData extends Error {}

/** JSON with the members of every object in one order, so that equal data gives equal text. */
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
 * Names data by its content: equal for equal data, in every process. `otherwise` names what cannot be told apart by its
 * content: a function, a file, a map, a promise, or something among the data that is one; a circle.
 */
export function contentKey(value: unknown, otherwise: () => string = refuse): string {
  let text: string | undefined;
  try {
    if (typeof value === 'function' || typeof value === 'symbol') return otherwise();
    text = canonicalJson(value) ?? 'undefined';
  } catch (error) {
    // JSON does not see the circle in copies, and recurs until the stack ends.
    if (error instanceof NoPlainData || error instanceof RangeError) return otherwise();
    throw error;
  }
  return createHash('sha256').update(text).digest('base64url').slice(0, 24);
}
