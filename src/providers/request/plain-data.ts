import { types } from 'node:util';
import type { JsonObject } from '../parse/json.ts';

/**
 * Objects of the caller's are read without running his code: a getter or a Proxy may count, change or compute what
 * it gives, and is to be asked when the SDK asks it, as often as the SDK does. What lies behind one is not seen.
 */
export function isReadable(value: object): boolean {
  return !types.isProxy(value);
}

/** An own data property; undefined for a getter. */
export function dataOf(object: object, name: PropertyKey): unknown {
  // Most are absent, and to ask is cheaper than to describe.
  return name in object ? (Object.getOwnPropertyDescriptor(object, name)?.value as unknown) : undefined;
}

/** The data of a list, at most so many, whatever methods and getters it was given; nothing of what is no list. */
export function plainItems(value: unknown, most: number = Infinity): unknown[] {
  if (!Array.isArray(value) || !isReadable(value)) return [];
  const items: unknown[] = [];
  for (let index = 0; index < value.length && index < most; index++) items.push(dataOf(value, index));
  return items;
}

/** An object that is no list, with its data properties only; undefined for anything else. */
export function plainData(value: unknown): JsonObject | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value) || !isReadable(value)) return undefined;
  for (const name in value) {
    const property = Object.getOwnPropertyDescriptor(value, name);
    // Inherited, so perhaps a getter of its class: JSON has none of these.
    if (!property || property.get) return withoutGetters(value);
  }
  return value as JsonObject;
}

function withoutGetters(value: object): JsonObject {
  return Object.fromEntries(Object.keys(value).map((name) => [name, dataOf(value, name)]));
}
