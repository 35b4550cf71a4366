import { SimulatorError } from './simulator-error.ts';

/** Throws "Expected `path` to be …, got …". */
export function refuse(path: string, expected: string, got: unknown): never {
  throw new SimulatorError('invalid_option', `Expected \`${path}\` to be ${expected}, got ${show(got)}`);
}

/** Checks that `value` is a plain object with no other keys than `keys`. */
export function checkKeys(value: unknown, path: string, keys: readonly string[]): void {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) refuse(path, 'an object', value);
  for (const key of Object.keys(value)) {
    if (!keys.includes(key)) refuse(path, `an object with the keys ${keys.join(', ')}`, `key ${key}`);
  }
}

export function numberFrom(value: unknown, path: string, min: number, max: number, fallback: number): number {
  if (value === undefined) return fallback;
  if (typeof value !== 'number' || !(value >= min && value <= max)) {
    const range = max === Infinity ? `a number of at least ${min}` : `a number from ${min} to ${max}`;
    refuse(path, range, value);
  }
  return value;
}

export function integerFrom(value: unknown, path: string, min: number, max: number, fallback: number): number {
  if (value !== undefined && !Number.isInteger(value)) refuse(path, `an integer from ${min} to ${max}`, value);
  return numberFrom(value, path, min, max, fallback);
}

export function oneOf<T extends string>(value: unknown, path: string, allowed: readonly T[], fallback: T): T {
  if (value === undefined) return fallback;
  if (!allowed.includes(value as T)) refuse(path, `one of ${listOf(allowed)}`, value);
  return value as T;
}

export function booleanFrom(value: unknown, path: string, fallback: boolean): boolean {
  if (value === undefined) return fallback;
  if (typeof value !== 'boolean') refuse(path, 'a boolean', value);
  return value;
}

export function listOf(words: readonly string[]): string {
  return words.map((word) => `'${word}'`).join(', ');
}

/** Longer texts are truncated. */
const MAX_SHOWN = 400;

function show(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.slice(0, MAX_SHOWN));
  if (typeof value === 'function') return 'a function';
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? 'an array' : 'an object';
  return String(value);
}
