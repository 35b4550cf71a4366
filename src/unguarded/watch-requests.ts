import diagnostics from 'node:diagnostics_channel';
import { hostOf, isGuardedRequest, watchGuardedRequests } from '../providers/seam/guarded-requests.ts';
import { type OutgoingRequest, type Recognized, recognizeRequest } from './recognize-request.ts';

export interface UnguardedRequest extends Recognized {
  readonly host: string;
}

/** Returns the notice to report a request to; undefined to report it to none. */
export type Listener = () => ((request: UnguardedRequest) => void) | undefined;

const listeners = new Set<Listener>();

/**
 * Watches the requests that this process sends to a provider without a guard, and reports each to one listener: the
 * first registered. The returned function stops it.
 */
export function watchRequests(listener: Listener): () => void {
  if (listeners.size === 0) follow(true);
  listeners.add(listener);
  return () => {
    if (listeners.delete(listener) && listeners.size === 0) follow(false);
  };
}

function follow(on: boolean): void {
  watchGuardedRequests(on);
  for (const [name, read] of Object.entries(CHANNELS)) {
    if (on) diagnostics.subscribe(name, read);
    else diagnostics.unsubscribe(name, read);
  }
}

/** Channels that report a request when it is created, before it is sent. */
const CHANNELS: Readonly<Record<string, (message: unknown) => void>> = {
  // Node's own fetch, and every undici of the application.
  'undici:request:create': (message) => see(() => fromUndici((message as { request: UndiciRequest }).request)),
  // Custom fetch functions given to the SDKs, and older HTTP libraries.
  'http.client.request.start': (message) => see(() => fromHttp((message as { request: HttpRequest }).request)),
};

/** Runs inside the application's request: nothing here may fail it. */
function see(read: () => OutgoingRequest): void {
  try {
    const request = read();
    const host = hostOf(request.origin);
    // Asked for every request: this also removes a guard's request from the expected ones.
    if (isGuardedRequest(host)) return;
    const recognized = recognizeRequest(request);
    if (!recognized) return;
    for (const listener of listeners) {
      const report = listener();
      if (report) return report({ ...recognized, host });
    }
  } catch {
    // The channels have changed the shape of their messages.
  }
}

interface UndiciRequest {
  readonly origin: string | URL;
  readonly path: string;
  readonly upgrade?: string | null;
  readonly headers: string | readonly (string | readonly string[])[];
}

function fromUndici({ origin, path, upgrade, headers }: UndiciRequest): OutgoingRequest {
  // Names and values alternate; older versions have the lines of the message.
  const flat = typeof headers === 'string' ? headers.split(/: |\r\n/) : headers;
  return {
    origin: String(origin),
    path,
    upgrades: Boolean(upgrade),
    via: 'fetch',
    header(name) {
      for (let index = 0; index + 1 < flat.length; index += 2) {
        if (String(flat[index]).toLowerCase() === name) return String(flat[index + 1]);
      }
      return undefined;
    },
  };
}

interface HttpRequest {
  readonly protocol: string;
  readonly host: string;
  readonly path: string;
  getHeader(name: string): unknown;
}

function fromHttp(request: HttpRequest): OutgoingRequest {
  const header = (name: string): string | undefined => {
    const value = request.getHeader(name);
    return value === undefined ? undefined : String(value);
  };
  return {
    origin: `${request.protocol}//${header('host') ?? request.host}`,
    path: request.path,
    upgrades: header('upgrade') !== undefined,
    header,
    via: 'http',
  };
}
