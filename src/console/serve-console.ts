import cluster from 'node:cluster';
import type { Clock } from '../core/clock.ts';
import { TidegateOptionError, TidegateSetupError } from '../errors.ts';
import { section, type Keys } from '../options/checks.ts';
import { isLoopback } from './access.ts';
import { AlertWatch } from './alert-watch.ts';
import type { ServeConsoleOptions, ServedConsole } from './options.ts';
import { pageAssets } from './page-assets.ts';
import { processSource } from './process-source.ts';
import type { ObservedGuard } from './reading.ts';
import { Sampler, type SamplerSettings } from './sampler.ts';
import { serve } from './server.ts';

export const DEFAULT_PORT = 9466;
const MIN_TOKEN = 16;
const KEYS: Keys<ServeConsoleOptions> = { port: true, host: true, token: true, allowedHosts: true, alertmanager: true };

/** Serves the page of a guard of this process. The server does not keep the process alive. */
export async function serveGuard(
  guard: ObservedGuard,
  options: ServeConsoleOptions,
  clock: Clock,
  everyMs?: number,
): Promise<ServedConsole> {
  const checked = checkOptions(options);
  return serveSources(checked, {
    sources: [processSource(guard, clock)],
    clock,
    alerts: checked.alertmanager === undefined ? undefined : new AlertWatch(checked.alertmanager, clock, false),
    ref: false,
    everyMs,
  });
}

/** @throws TidegateSetupError where the address cannot be used */
export async function serveSources(
  { port = DEFAULT_PORT, host = '127.0.0.1', token, allowedHosts = [] }: ServeConsoleOptions,
  settings: SamplerSettings,
): Promise<ServedConsole> {
  const sampler = new Sampler(settings);
  try {
    const assets = await pageAssets();
    const update = (fine: number, coarse: number): string => sampler.update(fine, coarse);
    const server = await serve({ port, host, token, allowedHosts, ref: settings.ref, assets, update });
    void settings.alerts?.start();
    await sampler.start();
    return {
      url: server.url,
      close() {
        sampler.close();
        return server.close();
      },
    };
  } catch (error) {
    sampler.close();
    throw setupError(error as NodeJS.ErrnoException, host, port);
  }
}

function setupError(error: NodeJS.ErrnoException, host: string, port: number): unknown {
  if (error.syscall === undefined) return error;
  if (error.code !== 'EADDRINUSE') {
    return new TidegateSetupError('start_failed', `Cannot listen on ${host}:${port}: ${error.code ?? error.message}`, {
      cause: error,
    });
  }
  const help = cluster.isWorker
    ? `Give each worker of the cluster a \`port\` of its own, such as ${DEFAULT_PORT} + cluster.worker.id.`
    : 'Choose another `port`, or 0 for a free one.';
  return new TidegateSetupError('port_in_use', `Port ${port} of ${host} is in use. ${help}`, { cause: error });
}

/** @throws TidegateOptionError */
export function checkOptions(given: ServeConsoleOptions): ServeConsoleOptions {
  const options = section(given, 'options', KEYS, 'options of serveConsole()');
  const { port, host, token, allowedHosts, alertmanager } = options;
  if (port !== undefined && !(Number.isInteger(port) && port >= 0 && port <= 65_535)) {
    throw new TidegateOptionError('port', 'an integer from 0 to 65535', port);
  }
  if (host !== undefined && (typeof host !== 'string' || host === '')) {
    throw new TidegateOptionError('host', 'an address', host);
  }
  if (token !== undefined && (typeof token !== 'string' || token.length < MIN_TOKEN || /[^\x21-\x7E]/.test(token))) {
    // The value is not shown: it may be a secret.
    throw new TidegateOptionError('token', `${MIN_TOKEN} or more visible ASCII characters`, undefined);
  }
  if (token === undefined && host !== undefined && !isLoopback(host)) {
    throw new TidegateOptionError('token', `given where \`host\` is not a loopback address`, undefined);
  }
  const names: unknown = allowedHosts;
  if (names !== undefined && !(Array.isArray(names) && names.every((name) => typeof name === 'string'))) {
    throw new TidegateOptionError('allowedHosts', 'an array of strings', names);
  }
  if (alertmanager !== undefined && !isHttpUrl(alertmanager)) {
    throw new TidegateOptionError('alertmanager', 'an http or https URL', typeof alertmanager);
  }
  return options;
}

export function isHttpUrl(text: unknown): boolean {
  return typeof text === 'string' && URL.canParse(text) && /^https?:$/.test(new URL(text).protocol);
}
