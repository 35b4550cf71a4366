import type { Command } from 'commander';
import { isLoopback } from '../../console/access.ts';
import { AlertWatch } from '../../console/alert-watch.ts';
import { HitsFile } from '../../console/hits-file.ts';
import type { ServedConsole } from '../../console/options.ts';
import { Sampler, type SamplerSettings } from '../../console/sampler.ts';
import { checkOptions, DEFAULT_PORT, isHttpUrl, serveSources } from '../../console/serve-console.ts';
import { sleep } from '../../core/abort.ts';
import { systemClock } from '../../core/clock.ts';
import { define, port, readArguments } from '../arguments.ts';
import type { CommandIo } from '../command-io.ts';
import { shownUrl } from '../shown-url.ts';
import { metricsSource } from './metrics-source.ts';

const DEFAULT_METRICS = 'http://127.0.0.1:9464/metrics';
const DEFAULT_HOST = '127.0.0.1';
const TOKEN = 'TIDEGATE_CONSOLE_TOKEN';
/** Rates need two readings. */
const BETWEEN_LOOKS_MS = 2_000;

const collect = (value: string, before: readonly string[] | undefined): readonly string[] => [...(before ?? []), value];

export const consoleDefinition = (): Command =>
  define(
    'console',
    'serves a page with lanes, limits, queues, retries, costs and alerts, without Grafana',
    'Serves a page on this machine: lanes and the usage of their limits, refusals and retries over time, circuits, cost, ' +
      'fleet, firing alerts and the last hits. It reads any /metrics page of tidegate; an application can also serve the page ' +
      'itself with guard.serveConsole(), which shows more. The page is read-only.',
    `Another --host than a loopback address needs a token of 16 or more characters in ${TOKEN}: a browser asks for it as
the password of any user.

Exit codes: 0 stopped, 1 it cannot listen, or with --json no page can be read, 2 bad arguments.

Examples:

  tidegate console
  tidegate console --metrics http://app.internal:9464/metrics --metrics http://batch.internal:9464/metrics
  tidegate console --alertmanager http://127.0.0.1:9093 --hits hits.jsonl
  tidegate console --json`,
  )
    .option('--metrics <url>', `may be repeated; default: ${DEFAULT_METRICS}`, collect)
    .option('--alertmanager <url>', "shows firing alerts of tidegate's rules")
    .option('--hits <path>', 'shows the last lines of a record of limit hits')
    .option('--port <n>', `0 for a free one; default: ${DEFAULT_PORT}`)
    .option('--host <address>', `default: ${DEFAULT_HOST}`)
    .option('--json', 'prints what the page would show, once');

/** `tidegate console`: serves the page until it is stopped. @returns The exit code. */
export async function consoleCommand(args: readonly string[], io: CommandIo): Promise<number> {
  const read = readArguments(consoleDefinition(), args, io, ({ options }) => {
    const metrics = (options['metrics'] ?? [DEFAULT_METRICS]) as readonly string[];
    const alertmanager = options['alertmanager'] as string | undefined;
    if (!metrics.every(isHttpUrl)) throw new Error('Expected --metrics to be an http or https URL.');
    if (alertmanager !== undefined && !isHttpUrl(alertmanager)) {
      throw new Error('Expected --alertmanager to be an http or https URL.');
    }
    const token = process.env[TOKEN] || undefined;
    const host = (options['host'] as string | undefined) ?? DEFAULT_HOST;
    if (token === undefined && !isLoopback(host)) {
      throw new Error(`Expected a token in ${TOKEN}, since --host ${host} can be reached from elsewhere.`);
    }
    const served = checkOptions({
      port: port(options['port'] as string | undefined, DEFAULT_PORT),
      host,
      ...(token !== undefined && { token }),
    });
    return {
      metrics,
      alertmanager,
      hits: options['hits'] as string | undefined,
      served,
      json: options['json'] === true,
    };
  });
  if (typeof read === 'number') return read;
  const { metrics, alertmanager, hits, served, json } = read;
  const settings: SamplerSettings = {
    sources: metrics.map((url) => metricsSource(url, systemClock)),
    clock: systemClock,
    hitsFile: hits === undefined ? undefined : new HitsFile(hits),
    alerts: alertmanager === undefined ? undefined : new AlertWatch(alertmanager, systemClock, true),
    ref: true,
  };
  if (json) return printOnce(settings, io);
  let page: ServedConsole;
  try {
    page = await serveSources(served, settings);
  } catch (error) {
    io.err((error as Error).message.replaceAll('`port`', '--port'));
    return 1;
  }
  io.out(`The console of ${metrics.map(shownUrl).join(', ')} is at ${page.url}`);
  await io.untilStopped;
  await page.close();
  return 0;
}

async function printOnce(settings: SamplerSettings, io: CommandIo): Promise<number> {
  const sampler = new Sampler(settings);
  try {
    await Promise.all([sampler.sample(), settings.alerts?.look()]);
    await sleep(systemClock, BETWEEN_LOOKS_MS);
    await sampler.sample();
    const { sources } = sampler.state;
    for (const { name, problem } of sources) if (problem !== undefined) io.err(`Cannot read ${name}: ${problem}`);
    io.out(JSON.stringify(sampler.state));
    return sources.every(({ problem }) => problem !== undefined) ? 1 : 0;
  } finally {
    sampler.close();
  }
}
