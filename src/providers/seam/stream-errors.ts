import type { Clock } from '../../core/clock.ts';
import { attachDetails, type ErrorDetails } from '../../errors.ts';
import { asObject } from '../parse/json.ts';
import type { SdkClass } from './sdk-client.ts';

/** Keyed by the headers of the response whose body failed: the only object that we share with the SDK's error. */
const details = new WeakMap<object, ErrorDetails>();

/** Classes that have the property. */
const exposed = new WeakSet<object>();

/**
 * Lets the errors that an SDK makes of events inside its streams carry `tidegate`, as the ones that the seam sees
 * do. They are made when the application reads them, so the class looks the property up; errors that have it themselves,
 * and those of unguarded clients, stay as they were.
 */
export function exposeStreamErrors({ APIError }: SdkClass): void {
  if (!APIError || exposed.has(APIError)) return;
  exposed.add(APIError);
  // A frozen class stays as it is.
  Reflect.defineProperty(APIError.prototype as object, 'tidegate', {
    configurable: true,
    enumerable: false,
    get(this: MadeError) {
      const { headers } = this;
      return typeof headers === 'object' && headers !== null ? details.get(headers) : unnamedDetails(APIError, this);
    },
    set: ownProperty,
  });
  exposeWrapped(APIError);
}

/** The helpers of the SDKs (`chat.completions.stream()`, ...) wrap an error of a stream in one of this class. */
function exposeWrapped(APIError: NonNullable<SdkClass['APIError']>): void {
  const base = Object.getPrototypeOf(APIError.prototype) as object;
  if (base === Error.prototype) return;
  Reflect.defineProperty(base, 'tidegate', {
    configurable: true,
    enumerable: false,
    get(this: { readonly cause?: unknown }) {
      return asObject(this.cause)?.['tidegate'];
    },
    set: ownProperty,
  });
}

/** The application may have set a property of that name. */
function ownProperty(this: object, value: unknown): void {
  Object.defineProperty(this, 'tidegate', { value, configurable: true, enumerable: true, writable: true });
}

/** Records why the body of the response with these headers failed: an error event, or a body that is not a stream. */
export function noteFailure(headers: Headers, known: ErrorDetails): void {
  details.set(headers, Object.freeze(known));
}

/** Attaches the details of a failed answer to the error that the SDK makes when it parses that answer itself. */
export function explainParseError(error: unknown, headers: Headers): void {
  const known = error instanceof SyntaxError ? details.get(headers) : undefined;
  if (known) attachDetails(error, known);
}

/** The part of an SDK's error that identifies its source. */
interface MadeError {
  readonly headers?: unknown;
  readonly status?: unknown;
  readonly error?: unknown;
  readonly message?: string;
}

interface Unnamed {
  readonly key: string;
  readonly details: ErrorDetails;
  readonly until: number;
  readonly clock: Clock;
}

/** Errors are inspected when they are thrown, not later. */
const LOOKED_AT_WITHIN_MS = 10_000;
const MAX_UNNAMED = 64;

/** Keyed by error class: each copy of an SDK has its own. */
const unnamed = new WeakMap<object, Unnamed[]>();
const claimed = new WeakMap<object, ErrorDetails>();

/** Like `noteFailure`, for an SDK whose error has no headers: the event's text is then the only link. */
export function noteUnnamed({ APIError }: SdkClass, errorBody: unknown, known: ErrorDetails, clock: Clock): void {
  const { error, message } = asObject(errorBody) ?? {};
  const key = keyOf(error, message);
  if (key === undefined || !APIError) return;
  let noted = unnamed.get(APIError);
  if (!noted) unnamed.set(APIError, (noted = []));
  noted.push({ key, details: Object.freeze(known), until: clock.now() + LOOKED_AT_WITHIN_MS, clock });
  if (noted.length > MAX_UNNAMED) noted.shift();
}

function unnamedDetails(APIError: object, made: MadeError): ErrorDetails | undefined {
  const known = claimed.get(made);
  const noted = unnamed.get(APIError);
  if (known || !noted || made.status !== undefined) return known;
  const key = keyOf(made.error, made.message);
  if (key === undefined) return undefined;
  for (let at = noted.findIndex((each) => each.key === key); at !== -1;) {
    const [{ details: found, until, clock }] = noted.splice(at, 1) as [Unnamed];
    if (clock.now() <= until) {
      claimed.set(made, found);
      return found;
    }
    at = noted.findIndex((each) => each.key === key);
  }
  return undefined;
}

function keyOf(error: unknown, message: unknown): string | undefined {
  if (typeof error === 'object' && error !== null) return JSON.stringify(error);
  return typeof message === 'string' && message !== '' ? message : undefined;
}
