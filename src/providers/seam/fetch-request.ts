import type { ProviderName, RequestLike } from '../../core/provider.ts';
import { parseBody } from '../errors/error-body.ts';
import { providerOfHost } from '../registry.ts';
import { apiOfPath } from '../request/endpoint.ts';
import { withoutFlex } from '../request/flex-tier.ts';
import { credentialOfHeaders } from './identify-client.ts';
import { hasStreamingBody } from './sdk-client.ts';

/** A request as guarded fetch sends it, once or again. */
export interface FetchRequest {
  readonly like: RequestLike;
  readonly provider: ProviderName;
  readonly baseURL: string;
  readonly credential: string;
  readonly signal: AbortSignal | undefined;
  readonly header: (name: string) => string | undefined;
  readonly repeatable: boolean;
  /** What one attempt is fetched with; the caller's own objects stay as they are. */
  arguments(
    headers: Readonly<Record<string, string>>,
    signal: AbortSignal | undefined,
    leavesFlex: boolean,
  ): [Request | string, RequestInit];
}

/**
 * Reads what `fetch` is called with. A Request object is equivalent to a URL and an init, body included.
 * `behind`: the provider behind a server that no row names.
 */
export async function readFetchRequest(
  input: RequestInfo | URL,
  init: RequestInit | undefined,
  behind: ProviderName | undefined,
): Promise<FetchRequest> {
  const request = input instanceof Request ? input : undefined;
  const url = new URL(request ? request.url : String(input));
  const headers = new Headers(init?.headers ?? request?.headers);
  const signal = (init?.signal === undefined ? request?.signal : init.signal) ?? undefined;
  const ofRequest = request?.body && (init?.body === undefined || init.body === null) ? request : undefined;
  const kept = ofRequest && isWhole(headers) ? await unlessAborted(ofRequest.arrayBuffer(), signal) : undefined;
  const body = kept ?? init?.body;
  const parsed = await readBody(body, headers);
  return {
    like: {
      method: init?.method ?? request?.method ?? 'GET',
      path: url.pathname,
      body: parsed,
      stream: (parsed as { stream?: unknown } | undefined)?.stream === true,
    },
    provider: providerOfHost(url.origin) ?? behind ?? (speaksAnthropic(url, headers) ? 'anthropic' : 'openai'),
    baseURL: url.origin,
    credential: credentialOfHeaders(headers),
    signal,
    header: (name) => headers.get(name) ?? undefined,
    repeatable: !hasStreamingBody({ body }) && (ofRequest === undefined || kept !== undefined),
    arguments: (added, attemptSignal, leavesFlex) => {
      const sent = new Headers(headers);
      for (const [name, value] of Object.entries(added)) sent.set(name, value);
      if (leavesFlex) sent.delete('content-length');
      return [
        request ?? String(input),
        {
          ...init,
          headers: sent,
          ...(kept ? { body: kept } : {}),
          ...(leavesFlex && body ? { body: withoutFlex(body) } : {}),
          ...(attemptSignal ? { signal: attemptSignal } : {}),
        },
      ];
    },
  };
}

/** Whether a request to an unregistered server is of Anthropic's API, by its path or headers. */
function speaksAnthropic({ pathname }: URL, headers: Headers): boolean {
  return headers.has('anthropic-version') || apiOfPath(pathname) === 'anthropic';
}

/** Types whose body is in memory as a whole when the request is made; any other may be a stream of any length. */
function isWhole(headers: Headers): boolean {
  return /^(?:application\/(?:[\w.-]+\+)?json|text\/|multipart\/form-data|application\/x-www-form-urlencoded)/i.test(
    headers.get('content-type') ?? '',
  );
}

/** The body as a description of the request: parsed JSON, a form, or the body itself. */
async function readBody(body: unknown, headers: Headers): Promise<unknown> {
  if (typeof body === 'string') return parseBody(body);
  if (!(body instanceof ArrayBuffer || ArrayBuffer.isView(body))) return body;
  const type = headers.get('content-type') ?? '';
  if (/^multipart\/form-data/i.test(type)) {
    const form = new Response(body as BodyInit, { headers: { 'content-type': type } });
    // A malformed form is for the provider to refuse.
    return form.formData().catch(() => undefined);
  }
  return isWhole(headers) ? parseBody(new TextDecoder().decode(body)) : body;
}

async function unlessAborted<T>(reading: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return reading;
  signal.throwIfAborted();
  let onAbort: (() => void) | undefined;
  const aborted = new Promise<never>((_resolve, reject) => {
    onAbort = () => reject(signal.reason as Error);
    signal.addEventListener('abort', onAbort);
  });
  try {
    return await Promise.race([reading, aborted]);
  } finally {
    signal.removeEventListener('abort', onAbort!);
  }
}
