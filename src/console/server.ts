import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { bringsBody } from '../core/http-access.ts';
import { type AccessSettings, refusalOf } from './access.ts';
import type { PageAssets } from './page-assets.ts';

export interface ConsoleServer {
  readonly url: string;
  close(): Promise<void>;
}

export interface ConsoleServerSettings extends AccessSettings {
  /** 0 for a free one. */
  readonly port: number;
  /** Whether it keeps the process alive. */
  readonly ref: boolean;
  readonly assets: PageAssets;
  /** JSON of the update for a page that has these points. */
  readonly update: (fine: number, coarse: number) => string;
}

/** No external resources, no external requests, no inline code. */
const HEADERS = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; " +
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'cache-control': 'no-store',
};

/**
 * Serves the page and its data.
 *
 * @throws Error of `listen`, with its `code`, when the address cannot be used
 */
export async function serve(settings: ConsoleServerSettings): Promise<ConsoleServer> {
  const { host, port, ref } = settings;
  const server = createServer({ requestTimeout: 10_000, connectionsCheckingInterval: 1_000 }, (request, response) => {
    // Request bodies are not used.
    if (bringsBody(request.headers)) response.setHeader('connection', 'close');
    for (const [name, value] of Object.entries(HEADERS)) response.setHeader(name, value);
    const refusal = refusalOf(request, settings);
    if (refusal) send(response, refusal.status, 'text/plain', `${refusal.text}\n`, refusal.headers);
    else answer(request.url ?? '', response, settings);
  });
  if (!ref) server.on('connection', (socket) => socket.unref());
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    // `exclusive`: cluster workers would share the port, and each request would reach a different one.
    server.listen({ port, host, exclusive: true }, () => {
      server.off('error', reject);
      resolve();
    });
  });
  if (!ref) server.unref();
  const { port: taken } = server.address() as AddressInfo;
  let closing: Promise<void> | undefined;
  return {
    url: `http://${reachable(host)}:${taken}/`,
    close: () =>
      (closing ??= new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      })),
  };
}

function answer(url: string, response: ServerResponse, { assets, update }: ConsoleServerSettings): void {
  const [path, query] = url.split('?', 2);
  switch (path) {
    case '/':
      return send(response, 200, 'text/html', assets.html);
    case '/console.js':
      return send(response, 200, 'text/javascript', assets.script);
    case '/console.css':
      return send(response, 200, 'text/css', assets.style);
    case '/state': {
      const has = new URLSearchParams(query);
      return send(response, 200, 'application/json', update(count(has.get('fine')), count(has.get('coarse'))));
    }
    default:
      return send(response, 404, 'text/plain', 'Nothing is here.\n');
  }
}

/** Anything but a number means that the page has no points. */
const count = (text: string | null): number => (text !== null && /^\d{1,9}$/.test(text) ? Number(text) : 0);

function send(
  response: ServerResponse,
  status: number,
  type: string,
  body: string,
  headers: Readonly<Record<string, string>> = {},
): void {
  response.writeHead(status, {
    'content-type': `${type}; charset=utf-8`,
    'content-length': Buffer.byteLength(body),
    ...headers,
  });
  response.end(body);
}

/** A wildcard is an address to listen on, not one to connect to. */
function reachable(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1';
  if (host === '::') return '[::1]';
  return host.includes(':') ? `[${host}]` : host;
}
