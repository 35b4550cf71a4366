import type { Dimension, Outcome } from './core/outcome.ts';

/** Stable codes of tidegate's own errors. */
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
 * What tidegate knows about a failed call. Every error that a guarded client throws carries it in the non-enumerable
 * property `tidegate`.
 */
export interface ErrorDetails {
  readonly outcome: Exclude<Outcome, 'ok'>;
  /** The limit that was hit, if any. */
  readonly dimension: Dimension | undefined;
  /** Attempts sent; 0 if the call was never sent. */
  readonly attempts: number;
  /** Total milliseconds spent waiting: queue, pauses and backoff. */
  readonly waitedMs: number;
  readonly limit: number | undefined;
  readonly remaining: number | undefined;
  readonly resetMs: number | undefined;
  /** One sentence: slow down requests, shrink tokens, raise the tier, or fix the key. */
  readonly advice: string;
}

// Registered so that the guards work across two copies of the package.
const brand = Symbol.for('tidegate.error');

/** One of tidegate's own errors, with a stable `code`. */
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

/**
 * `instanceof` that also recognizes errors from another copy of the package; a subclass recognizes only its own
 * instances.
 */
function isNamed(asked: unknown, own: unknown, name: string, value: unknown): boolean {
  return asked === own
    ? isTidegateError(value) && value.name === name
    : Function.prototype[Symbol.hasInstance].call(asked as () => void, value);
}

type ErrorClass = abstract new (...args: never[]) => Error;

/**
 * Creates a call's error. With the SDK's `APIError` as base it is `instanceof` that class, so that existing catch
 * blocks still catch it.
 */
export function createCallError(
  Base: ErrorClass | undefined,
  code: TidegateErrorCode,
  message: string,
  details: ErrorDetails,
  cause?: unknown,
): TidegateError {
  const error = new Error(message, cause === undefined ? undefined : { cause });
  // The SDKs' constructors differ by version and build their message from a response; a catch block only needs the
  // prototype.
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

/** Adds `tidegate` to an error without changing anything else. */
export function attachDetails(error: unknown, details: ErrorDetails): void {
  if (typeof error !== 'object' || error === null || !Object.isExtensible(error)) return;
  Object.defineProperty(error, 'tidegate', { value: Object.freeze(details), enumerable: false, configurable: true });
}

/** An option's value or name may be as long as a file; the message must fit a line of a log. */
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
