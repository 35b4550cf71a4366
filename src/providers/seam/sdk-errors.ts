import type { ErrorFactory } from '../../core/call-settings.ts';
import type { Failure } from '../../core/outcome.ts';
import { createCallError } from '../../errors.ts';
import type { SdkClass, SdkClient } from './sdk-client.ts';

/** Errors in the classes of the SDK copy that the client belongs to. */
export function errorFactory(client: SdkClient): ErrorFactory {
  return {
    aborted: (signal) => abortError(client, signal),
    own: (code, message, details, cause) => createCallError(client.constructor.APIError, code, message, details, cause),
  };
}

function abortError(client: SdkClient, signal: AbortSignal): unknown {
  // openai >= 7.5 attaches the signal's reason as cause; older versions and other SDKs do not.
  const make = (client as unknown as { _makeUserAbortError?: (signal: AbortSignal) => unknown })._makeUserAbortError;
  if (typeof make === 'function') return make.call(client, signal);
  const { APIUserAbortError } = client.constructor;
  return APIUserAbortError ? new APIUserAbortError() : signal.reason;
}

/** The error that the SDK throws when a connection fails for good. */
export function connectionError(sdk: SdkClass, failure: Failure, cause: unknown): Error {
  const { APIConnectionError, APIConnectionTimeoutError } = sdk;
  const reason = cause instanceof Error ? cause : undefined;
  if (failure.outcome === 'timeout' && APIConnectionTimeoutError) {
    const error = new APIConnectionTimeoutError();
    return reason ? Object.assign(error, { cause: reason }) : error;
  }
  if (!APIConnectionError) return reason ?? new Error('Connection error.');
  return new APIConnectionError(reason ? { cause: reason } : {});
}

/** The error that the SDK throws for an error event with this body. */
export function streamError(sdk: SdkClass, body: object, headers: Headers): unknown {
  const { APIError } = sdk;
  if (!APIError) return undefined;
  // Some SDKs pass the whole body, others only what is under `error`.
  const { error } = APIError.generate(400, body, undefined, headers);
  return new APIError(undefined, error, undefined, headers);
}
