import { attachDetails, type ErrorDetails } from '../../errors.ts';
import type { SdkClass } from './sdk-client.ts';

/** By the headers of the response whose body has failed: all that the SDK's error and we have in common. */
const details = new WeakMap<object, ErrorDetails>();

const told = new WeakSet<object>();

/**
 * Lets the errors that an SDK makes of events inside its streams carry `tidegate`, as those that pass through our hands
 * do. They are made when the application reads them, so the class looks the property up; errors that have it themselves,
 * and those of clients that nobody guards, are as before.
 */
export function tellStreamErrors({ APIError }: SdkClass): void {
  if (!APIError || told.has(APIError)) return;
  told.add(APIError);
  // A frozen class stays as it is.
  Reflect.defineProperty(APIError.prototype as object, 'tidegate', {
    configurable: true,
    enumerable: false,
    get(this: { readonly headers?: unknown }) {
      const { headers } = this;
      return typeof headers === 'object' && headers !== null ? details.get(headers) : undefined;
    },
    // The application may keep something of its own there.
    set(this: object, value: unknown) {
      Object.defineProperty(this, 'tidegate', { value, configurable: true, enumerable: true, writable: true });
    },
  });
}

/** The body of the response with these headers has failed: of what an event said, or of what it is. */
export function noteFailure(headers: Headers, known: ErrorDetails): void {
  details.set(headers, Object.freeze(known));
}

/** Lets the error that an SDK makes when it parses an answer itself carry what is known of the answer's failure. */
export function tellParseError(error: unknown, headers: Headers): void {
  const known = error instanceof SyntaxError ? details.get(headers) : undefined;
  if (known) attachDetails(error, known);
}
