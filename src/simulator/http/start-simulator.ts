import type { Server } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { isForeign } from './access.ts';
import { serve } from './serve.ts';
import type { SimulatorOptions } from '../options.ts';
import { resolveOptions } from '../options.ts';
import { Simulation } from '../simulation.ts';
import type { SimulatorUpdate } from '../simulation.ts';
import { SimulatorError } from '../simulator-error.ts';
import type { SimulatorStats } from '../statistics.ts';

/** Slower requests get 408. */
const REQUEST_TIMEOUT_MS = 60_000;

/** A running simulator. */
export interface Simulator {
  /** The `baseURL` for the provider's SDK. */
  readonly url: string;
  /** Scheme, host and port only; also the `endpoint` for `AzureOpenAI`. */
  readonly origin: string;
  readonly port: number;
  /** Counts since the start; plain data. */
  stats(): SimulatorStats;
  /**
   * Changes limits, faults or latency at once. Usage of a limit stays.
   *
   * @throws SimulatorError for an invalid value, without changing anything.
   */
  update(change: SimulatorUpdate): void;
  /** Ends every connection, answered or not, and frees the port. May be called more than once. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Starts a provider that limits, refuses and fails like the real one, on this machine.
 *
 * @throws SimulatorError with code `invalid_option`, `port_in_use` or `start_failed`.
 *
 * @example
 * import { startSimulator } from 'tidegate/testing';
 * import OpenAI from 'openai';
 * const simulator = await startSimulator({ provider: 'openai', limits: { requestsPerMinute: 500 }, seed: 7 });
 * const client = new OpenAI({ baseURL: simulator.url, apiKey: 'any' });
 * await client.chat.completions.create({ model: 'gpt-4o-mini', messages: [{ role: 'user', content: 'Hi' }] });
 * console.log(simulator.stats().admitted);
 * await simulator.close();
 */
export async function startSimulator(options: SimulatorOptions): Promise<Simulator> {
  const resolved = resolveOptions(options);
  const simulation = new Simulation(resolved);
  const server = createServer((request, response) => {
    if (isForeign(request.headers, resolved.host)) {
      response
        .writeHead(421, { 'content-type': 'text/plain', connection: 'close' })
        .end('Expected no request of a web page.\n');
      return;
    }
    serve(simulation, request, response).catch((error: unknown) => {
      // Only errors that could not be sent to the client end here: closing the connection signals them.
      response.destroy(error instanceof Error ? error : undefined);
    });
  });
  // Clients keep connections alive longer than Node's five seconds; closing first would reset their next request.
  server.keepAliveTimeout = 75_000;
  server.requestTimeout = REQUEST_TIMEOUT_MS;
  await listen(server, resolved.port, resolved.host);
  const { port } = server.address() as AddressInfo;
  const origin = `http://${hostInUrl(resolved.host)}:${port}`;
  let closing: Promise<void> | undefined;
  const close = (): Promise<void> =>
    (closing ??= new Promise((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    }));
  return {
    url: origin + simulation.dialect.basePath,
    origin,
    port,
    stats: () => simulation.statistics.snapshot(resolved.clock.now()),
    update: (change) => simulation.update(change),
    close,
    [Symbol.asyncDispose]: close,
  };
}

function listen(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(startError(error, port, host)));
    server.listen(port, host, () => resolve());
  });
}

function startError(error: NodeJS.ErrnoException, port: number, host: string): SimulatorError {
  if (error.code === 'EADDRINUSE') {
    const message = `Port ${port} on ${host} is already in use. Choose another port, or 0 for any free one.`;
    return new SimulatorError('port_in_use', message, { cause: error });
  }
  const message = `The simulator cannot listen at ${host}, port ${port}: ${error.message}`;
  return new SimulatorError('start_failed', message, { cause: error });
}

/** A wildcard address is reachable on loopback. */
function hostInUrl(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1';
  if (host === '::') return '[::1]';
  return host.includes(':') ? `[${host}]` : host;
}
