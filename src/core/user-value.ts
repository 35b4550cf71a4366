import { isTidegateError } from '../errors.ts';
import { identifier } from './server-text.ts';

/**
 * Discards an unexpected return value of an application's function. If it is a promise that rejects, the unhandled
 * rejection would end the process.
 */
export function disown(value: unknown): void {
  try {
    // Also calls the `then` of foreign promises, which may throw.
    if (typeof value === 'object' && value !== null) Promise.resolve(value).catch(() => undefined);
  } catch {
    // A getter of the application's object threw; nothing is lost.
  }
}

/** Kind of a value for a warning: never the value itself, which may be content. */
export function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (typeof value === 'number') return String(value);
  return `a value of type ${typeof value}`;
}

/** Kind of a value thrown by an application's function, without its message, which may quote content. */
export function thrownKind(error: unknown): string {
  return error instanceof Error ? error.constructor.name : kindOf(error);
}

/** Class name of an error, if it is safe to record; undefined for anything else. */
export function classOf(error: unknown): string | undefined {
  try {
    if (!(error instanceof Error)) return undefined;
    return identifier(isTidegateError(error) ? error.name : error.constructor.name, MAX_NAME_LENGTH);
  } catch {
    // A getter of the application's object threw.
    return undefined;
  }
}

const MAX_NAME_LENGTH = 64;
