import cluster from 'node:cluster';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { accessProblem, bringsBody } from '../core/http-access.ts';
import { TidegateSetupError } from '../errors.ts';

export interface PrometheusServer {
  /** Address to scrape, path included. */
  readonly url: string;
  close(): Promise<void>;
}

export interface PrometheusAddress {
  readonly host: string;
  /** 0 for a free one. */
  readonly port: number;
  /** Host names that are accepted besides addresses and private names. */
  readonly allowedHosts: readonly string[];
}

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

const PATH = '/metrics';
const CLUSTER = 'Give each worker of the cluster a `port` of its own, such as 9464 + cluster.worker.id.';

/**
 * Serves one path, without keeping the process alive.
 * Rejects requests that a web page in a browser of this network could send.
 *
 * @throws TidegateSetupError `port_in_use`, or `start_failed` when the address cannot be used for another reason
 */
export async function servePrometheus(
  { host, port, allowedHosts }: PrometheusAddress,
  metrics: Handler,
): Promise<PrometheusServer> {
  const server = createServer({ requestTimeout: 10_000, connectionsCheckingInterval: 1_000 }, (request, response) => {
    // Request bodies are not used.
    if (bringsBody(request.headers)) response.setHeader('connection', 'close');
    const problem = accessProblem(request.headers, [host, ...allowedHosts]);
    if (problem === undefined) answer(request, response, metrics);
    else response.writeHead(421, { 'content-type': 'text/plain' }).end(`${problem}\n`);
  });
  server.on('connection', (socket) => socket.unref());
  await listen(server, host, port);
  server.unref();
  const address = server.address() as AddressInfo;
  return {
    url: `http://${reachable(host)}:${address.port}${PATH}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function answer(request: IncomingMessage, response: ServerResponse, metrics: Handler): void {
  const path = request.url?.split('?', 1)[0];
  if (path !== PATH) {
    response.writeHead(404).end();
  } else if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.writeHead(405, { allow: 'GET, HEAD' }).end();
  } else {
    metrics(request, response);
    // The exporter omits the version of the format, which Prometheus 3 requires.
    if (!response.headersSent) response.setHeader('content-type', 'text/plain; version=0.0.4; charset=utf-8');
  }
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const failed = (error: NodeJS.ErrnoException): void => {
      reject(
        error.code === 'EADDRINUSE'
          ? new TidegateSetupError(
              'port_in_use',
              `Port ${port} of ${host} is in use. ${cluster.isWorker ? CLUSTER : 'Choose another `port`, or 0 for a free one.'}`,
              { cause: error },
            )
          : new TidegateSetupError('start_failed', `Cannot listen on ${host}:${port}: ${error.code ?? error.message}`, {
              cause: error,
            }),
      );
    };
    server.once('error', failed);
    // `exclusive`: cluster workers would share the port, and each scrape would reach a different one.
    server.listen({ port, host, exclusive: true }, () => {
      server.off('error', failed);
      resolve();
    });
  });
}

/** A wildcard is an address to listen on, not one to connect to. */
function reachable(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1';
  if (host === '::') return '[::1]';
  return host.includes(':') ? `[${host}]` : host;
}
