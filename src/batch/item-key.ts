import { createHash } from 'node:crypto';

/** JSON with the members of every object in one order, so that equal data gives equal text. */
function canonicalJson(value: unknown): string | undefined {
  return JSON.stringify(value, (_key, each: unknown) => {
    if (typeof each !== 'object' || each === null || Array.isArray(each)) return each;
    const members = each as Record<string, unknown>;
    return Object.fromEntries(
      Object.keys(members)
        .sort()
        .map((name) => [name, members[name]]),
    );
  });
}

/** Names data by its content: equal for equal data, in every process. */
export function contentKey(value: unknown): string {
  const text = canonicalJson(value) ?? 'undefined';
  return createHash('sha256').update(text).digest('base64url').slice(0, 24);
}
