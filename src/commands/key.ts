/** Thrown for a text that cannot be a key. */
export class BadKey extends Error {}

/**
 * The key in a variable of the environment; undefined if there is none.
 * @throws BadKey for a key that is invalid in a header, since the error of fetch would show it.
 */
export function keyOf(name: string, env: Readonly<Record<string, string | undefined>>): string | undefined {
  // Files end with a line break, and pasted keys with a space.
  const key = env[name]?.trim();
  if (!key) return undefined;
  if (/^[\x21-\x7e]+$/.test(key)) return key;
  throw new BadKey(`${name} contains a space, a line break or a character that no key has.`);
}
