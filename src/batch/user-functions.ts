import { disown } from '../core/user-value.ts';
import { TidegateOptionError } from '../errors.ts';

type Of<I, R> = (item: I, index: number) => R;

const NONE: readonly string[] = [];

/** Returns a key for a value that is not plain data, or throws. */
export type Unkeyed = (value: unknown, index: number) => string;

/**
 * The application's functions that identify an item. Their values tell items apart, so a value of the wrong type ends
 * the run: promises, for example, would make all items look the same.
 */
export function idOf<I>(id: Of<I, string>): Of<I, string> {
  return (item, index) => {
    const value: unknown = id(item, index);
    if (typeof value === 'string') return value;
    if (typeof value === 'number') return String(value);
    throw refused('id', 'a string', value);
  };
}

export function prefixOf<I>(prefix: Of<I, string | readonly string[] | undefined>): Of<I, readonly string[]> {
  return (item, index) => {
    const value: unknown = prefix(item, index);
    if (value === undefined) return NONE;
    if (typeof value === 'string') return [value];
    if (Array.isArray(value) && value.every((each) => typeof each === 'string')) return value;
    throw refused('prefix', 'a string, several of them, or undefined', value);
  };
}

export function costOf<I>(cost: Of<I, number | undefined>): Of<I, number | undefined> {
  return (item, index) => {
    const value: unknown = cost(item, index);
    if (value === undefined || (typeof value === 'number' && value >= 0)) return value;
    throw refused('worstCost', 'an amount in USD or undefined', value);
  };
}

/** `given`: the key comes from the application; `kept`: a later run has to find it again. */
export function unkeyed(given: boolean, kept: boolean): Unkeyed {
  return (value, index) => {
    if (given) throw refused('key', 'plain data', value);
    disown(value);
    // Cannot collide with the keys of other items, which are hashes.
    if (!kept) return `item ${index}`;
    throw new TidegateOptionError('key', 'a function that returns plain data, since an item is not plain', undefined);
  };
}

function refused(name: string, expected: string, value: unknown): TidegateOptionError {
  disown(value);
  return new TidegateOptionError(name, `a function that returns ${expected}`, value);
}
