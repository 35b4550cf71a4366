/** An object with known keys. @throws Error for anything else */
export function sectionOf(value: unknown, path: string, keys: readonly string[]): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new Error(`Expected ${path} to have keys, got ${JSON.stringify(value)}.`);
  }
  const strange = Object.keys(value).find((key) => !keys.includes(key));
  if (strange !== undefined) {
    throw new Error(`Expected the keys of ${path} to be among ${keys.join(', ')}, got ${JSON.stringify(strange)}.`);
  }
  return value as Readonly<Record<string, unknown>>;
}
