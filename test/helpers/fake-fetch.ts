export type Reply = (request: {
  url: string;
  init: RequestInit;
  headers: Headers;
  attempt: number;
}) => Response | Promise<Response>;

export interface FakeFetch {
  readonly fetch: typeof fetch;
  readonly requests: { url: string; headers: Headers; body: unknown; signal: AbortSignal | undefined }[];
}

/** An in-memory fetch that answers the n-th request with the n-th reply, and later ones with the last. */
export function fakeFetch(...replies: Reply[]): FakeFetch {
  const requests: FakeFetch['requests'] = [];
  const fake = async (input: RequestInfo | URL, init: RequestInit = {}): Promise<Response> => {
    const headers = new Headers(init.headers);
    const url = input instanceof Request ? input.url : String(input);
    requests.push({ url, headers, body: init.body, signal: init.signal ?? undefined });
    init.signal?.throwIfAborted();
    const attempt = requests.length;
    const reply = replies[Math.min(attempt, replies.length) - 1]!;
    const answer = Promise.resolve(reply({ url, init, headers, attempt }));
    const { signal } = init;
    if (!signal) return answer;
    return Promise.race([
      answer,
      new Promise<never>((_resolve, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
      }),
    ]);
  };
  return { fetch: fake as typeof fetch, requests };
}

export const json =
  (body: unknown, status = 200, headers: Record<string, string> = {}): Reply =>
  () =>
    new Response(JSON.stringify(body), { status, headers: { 'content-type': 'application/json', ...headers } });

/** A stream of server-sent events, one chunk at a time. */
export const sse =
  (chunks: readonly string[], headers: Record<string, string> = {}): Reply =>
  ({ init }) => {
    let index = 0;
    const encoder = new TextEncoder();
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        init.signal?.addEventListener('abort', () => controller.error(init.signal!.reason), { once: true });
      },
      pull(controller) {
        const chunk = chunks[index++];
        if (chunk === undefined) controller.close();
        else controller.enqueue(encoder.encode(chunk));
      },
    });
    return new Response(body, { headers: { 'content-type': 'text/event-stream', ...headers } });
  };

/** A connection that fails. */
export const refused: Reply = () => {
  throw Object.assign(new TypeError('fetch failed'), {
    cause: Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' }),
  });
};

/** A server that never answers. */
export const hang: Reply = () => new Promise<Response>(() => undefined);
