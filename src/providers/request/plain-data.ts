import { types } from 'node:util';
import type { JsonObject } from '../parse/json.ts';

/**
 * The caller's objects are read without running the caller's code: a getter or a Proxy may count, change or compute what
 * it returns, and must run exactly when and as often as the SDK reads it. Its value is not seen here.
 */
export function isReadable(value: object): boolean {
  return !types.isProxy(value);
}

/** An own data property; undefined for a getter. */
export function dataOf(object: object, name: PropertyKey): unknown {
  // Most are absent, and `in` is cheaper than a descriptor.
  return name in object ? (Object.getOwnPropertyDescriptor(object, name)?.value as unknown) : undefined;
}

/** The data elements of an array, up to a maximum, ignoring its methods and getters; none of anything else. */
export function plainItems(value: unknown, most: number = Infinity): unknown[] {
  if (!Array.isArray(value) || !isReadable(value)) return [];
  const items: unknown[] = [];
  for (let index = 0; index < value.length && index < most; index++) items.push(dataOf(value, index));
  return items;
}

/** The data properties of an object that is not an array; undefined for anything else. */
export function plainData(value: unknown): JsonObject | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value) || !isReadable(value)) return undefined;
  for (const name in value) {
    const property = Object.getOwnPropertyDescriptor(value, name);
    // Inherited, so possibly a getter of its class, which JSON data never has.
    if (!property || property.get) return withoutGetters(value);
  }
  return value as JsonObject;
}

function withoutGetters(value: object): JsonObject {
  return Object.fromEntries(Object.keys(value).map((name) => [name, dataOf(value, name)]));
}
