import { TidegateOptionError } from '../errors.ts';

export const MAX_MS: number = 2 ** 31 - 1;

/** Checks that a caller-supplied object, if given, has the methods we call. */
export function withMethods(value: unknown, path: string, expected: string, methods: readonly string[]): void {
  if (value === undefined) return;
  const object = (typeof value === 'object' || typeof value === 'function' ? value : null) as Record<
    string,
    unknown
  > | null;
  if (object && methods.every((method) => typeof object[method] === 'function')) return;
  throw new TidegateOptionError(path, expected, value);
}

/** The keys of an options object: a missing one is a type error. */
export type Keys<T> = Readonly<Record<keyof T & string, true>>;

/** Checks that a value is an object with known keys only, and copies it: a getter could return another value later. */
export function section<T extends object>(value: T, path: string, known: Keys<NoInfer<T>>, expected?: string): T {
  const given: unknown = value;
  const keys = Object.keys(known);
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    throw new TidegateOptionError(path, 'an object', given);
  }
  for (const key of Object.keys(given)) {
    if (!keys.includes(key)) {
      throw new TidegateOptionError(path, expected ?? `an object with the keys ${keys.join(', ')}`, `key ${key}`);
    }
  }
  return Object.fromEntries(keys.filter((key) => key in given).map((key) => [key, value[key as keyof T]])) as T;
}

export function orEmpty<T extends object>(value: T | undefined): T {
  return value === undefined ? ({} as T) : value;
}

export function number(value: unknown, path: string, min: number, max: number, fallback: number): number {
  if (value === undefined) return fallback;
  if (typeof value !== 'number' || !(value >= min && value <= max)) {
    throw new TidegateOptionError(path, `a number from ${min} to ${max}`, value);
  }
  return value;
}

export function optionalNumber(value: unknown, path: string, min: number, max: number): number | undefined {
  return value === undefined ? undefined : number(value, path, min, max, min);
}

export function optionalMs<K extends string>(
  options: Readonly<Partial<Record<K, number>>>,
  key: K,
): number | undefined {
  return optionalNumber(options[key], key, 1, Number.MAX_SAFE_INTEGER);
}

export function integer(value: unknown, path: string, min: number, max: number, fallback: number): number {
  if (value !== undefined && !Number.isInteger(value)) {
    throw new TidegateOptionError(path, `an integer from ${min} to ${max}`, value);
  }
  return number(value, path, min, max, fallback);
}

export function oneOf<T extends string>(value: unknown, path: string, allowed: readonly T[]): T {
  if (!allowed.includes(value as T)) {
    throw new TidegateOptionError(path, `one of ${allowed.map((each) => `'${each}'`).join(', ')}`, value);
  }
  return value as T;
}

export function optionalBoolean(value: unknown, path: string): boolean | undefined {
  if (value === undefined || typeof value === 'boolean') return value;
  throw new TidegateOptionError(path, 'a boolean', value);
}

export function optionalFunction<T>(value: T, path: string): T {
  if (value !== undefined && typeof value !== 'function') throw new TidegateOptionError(path, 'a function', value);
  return value;
}
