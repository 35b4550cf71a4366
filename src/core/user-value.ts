import { isTidegateError } from '../errors.ts';
import { identifier } from './server-text.ts';

/**
 * What a function of the application returned, where it is not what was asked for. A promise among it may reject,
 * and with nobody listening that would end the process.
 */
export function disown(value: unknown): void {
  try {
    // Also calls the `then` of other makes of promises, which may throw.
    if (typeof value === 'object' && value !== null) Promise.resolve(value).catch(() => undefined);
  } catch {
    // A getter of the application's object; nothing is lost.
  }
}

/** Kind of a value for a warning: never the value itself, which may be content. */
export function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (typeof value === 'number') return String(value);
  return `a value of type ${typeof value}`;
}

/** Kind of what a function of the application threw; its message may quote content. */
export function thrownKind(error: unknown): string {
  return error instanceof Error ? error.constructor.name : kindOf(error);
}

/** Name of the class of an error, as far as it may be recorded; undefined of what is no error. */
export function classOf(error: unknown): string | undefined {
  try {
    if (!(error instanceof Error)) return undefined;
    return identifier(isTidegateError(error) ? error.name : error.constructor.name, MAX_NAME_LENGTH);
  } catch {
    // A getter of the application's object.
    return undefined;
  }
}

const MAX_NAME_LENGTH = 64;
