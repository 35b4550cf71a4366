import type { Dimension, Outcome } from './core/outcome.ts';

/** Stable codes of the errors that are tidegate's own. */
export type TidegateErrorCode =
  | 'circuit_open'
  | 'queue_full'
  | 'deadline_exceeded'
  | 'first_content_timeout'
  | 'stall_timeout'
  | 'too_large'
  | 'quota_exhausted'
  | 'day_limit'
  | 'closed'
  | 'invalid_option'
  | 'unsupported_client'
  | 'unsupported_runtime'
  | 'missing_dependency'
  | 'in_use'
  | 'port_in_use'
  | 'start_failed';

/**
 * What tidegate knows about a failed call. Every error that reaches the application
 * through a guarded client carries it in the non-enumerable property `tidegate`.
 */
export interface ErrorDetails {
  readonly outcome: Exclude<Outcome, 'ok'>;
  /** The limit that was hit, where one was. */
  readonly dimension: Dimension | undefined;
  /** Attempts that were sent; 0 when the call never left. */
  readonly attempts: number;
  /** Milliseconds spent waiting in all: queue, pauses and backoff. */
  readonly waitedMs: number;
  readonly limit: number | undefined;
  readonly remaining: number | undefined;
  readonly resetMs: number | undefined;
  /** One sentence: slow down requests, shrink tokens, raise the tier, or fix the key. */
  readonly advice: string;
}

// Registered so that the guards work across two copies of the package.
const brand = Symbol.for('tidegate.error');

/** An error of tidegate's own, with a stable `code`. */
export interface TidegateError extends Error {
  readonly code: TidegateErrorCode;
  /** Present on errors of calls; absent on errors of configuration. */
  readonly tidegate?: ErrorDetails;
}

/**
 * Returns whether an error is tidegate's own (circuit open, queue full, deadline, closed, bad option).
 *
 * @example
 * import { isTidegateError } from 'tidegate';
 * try {
 *   await client.chat.completions.create(body);
 * } catch (error) {
 *   if (isTidegateError(error) && error.code === 'circuit_open') return cached;
 *   throw error;
 * }
 */
export function isTidegateError(error: unknown): error is TidegateError {
  return typeof error === 'object' && error !== null && brand in error;
}

class ConfigurationError extends Error {
  readonly code: TidegateErrorCode;

  constructor(code: TidegateErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    Object.defineProperty(this, brand, { value: true });
  }
}

/** A bad option: "Expected `retry.maxAttempts` to be an integer from 1 to 100, got -1". Thrown at once. */
export class TidegateOptionError extends ConfigurationError {
  override readonly name = 'TidegateOptionError';

  static override [Symbol.hasInstance](value: unknown): boolean {
    return isNamed(this, TidegateOptionError, 'TidegateOptionError', value);
  }

  constructor(path: string, expected: string, got: unknown) {
    super('invalid_option', `Expected \`${brief(path)}\` to be ${brief(expected)}, got ${brief(show(got))}`);
  }
}

/** Something could not be set up: an unsupported client, a missing package, a taken port. */
export class TidegateSetupError extends ConfigurationError {
  override readonly name = 'TidegateSetupError';

  static override [Symbol.hasInstance](value: unknown): boolean {
    return isNamed(this, TidegateSetupError, 'TidegateSetupError', value);
  }
}

/** `instanceof` that also knows the errors of another copy of the package; a subclass knows its own instances only. */
function isNamed(asked: unknown, own: unknown, name: string, value: unknown): boolean {
  return asked === own
    ? isTidegateError(value) && value.name === name
    : Function.prototype[Symbol.hasInstance].call(asked as () => void, value);
}

type ErrorClass = abstract new (...args: never[]) => Error;

/**
 * Makes an error of a call. With the SDK's `APIError` as base it is `instanceof` that class,
 * so that an existing catch block still catches it.
 */
export function createCallError(
  Base: ErrorClass | undefined,
  code: TidegateErrorCode,
  message: string,
  details: ErrorDetails,
  cause?: unknown,
): TidegateError {
  const error = new Error(message, cause === undefined ? undefined : { cause });
  // The SDK's constructors differ by version and build their message from a response;
  // only the prototype matters to a catch block.
  Object.setPrototypeOf(error, prototypeFor(Base));
  Object.defineProperties(error, {
    code: { value: code, enumerable: true },
    status: { value: undefined, enumerable: false, writable: true },
    [brand]: { value: true },
  });
  attachDetails(error, details);
  return error as TidegateError;
}

const prototypes = new WeakMap<object, object>();

function prototypeFor(Base: ErrorClass | undefined): object {
  const key = Base ?? Error;
  let prototype = prototypes.get(key);
  if (!prototype) {
    prototype = Object.create(key.prototype as object, {
      name: { value: 'TidegateCallError', configurable: true, writable: true },
    }) as object;
    prototypes.set(key, prototype);
  }
  return prototype;
}

/** Adds `tidegate` to an error without touching anything else of it. */
export function attachDetails(error: unknown, details: ErrorDetails): void {
  if (typeof error !== 'object' || error === null || !Object.isExtensible(error)) return;
  Object.defineProperty(error, 'tidegate', { value: Object.freeze(details), enumerable: false, configurable: true });
}

/** An option may be as long as a file, and so may its name; what is said of it is for a line of a log. */
function brief(text: string): string {
  return text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)} …` : text;
}

const MAX_SHOWN = 400;

function show(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'function') return 'a function';
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? 'an array' : 'an object';
  return String(value);
}
