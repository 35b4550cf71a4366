import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execFileSync } from 'node:child_process';
import { renderRules, type RuleOptions } from '../../ops/rules.ts';
import { requireServers } from './binaries.ts';
import { alertmanagerConfig, prometheusConfig, type Discovered, type Targets } from './config.ts';
import { type Server, startServer } from './server.ts';

export interface StackOptions {
  readonly targets: Targets;
  /** Where Alertmanager posts: `http://127.0.0.1:9465/alerts` is the inbox of `tidegate alerts`. */
  readonly inbox: string;
  /** Divides every window, `for`, interval and grouping time of the shipped files. 1 … 60, default 1. */
  readonly timeScale?: number;
  /** Targets that come and go while the servers run. */
  readonly discovered?: Discovered;
  /** Another rule file in place of the shipped one. */
  readonly rules?: Omit<RuleOptions, 'timeScale'>;
  /**
   * Earlier samples in the OpenMetrics format. Must end before now: Prometheus accepts no samples older than its
   * newest.
   */
  readonly history?: string;
  /** Ports; 0 for free ones, the default. */
  readonly prometheusPort?: number;
  readonly alertmanagerPort?: number;
}

export interface Stack {
  /** Addresses without a path. */
  readonly prometheus: string;
  readonly alertmanager: string;
  /** Stops both and deletes what they stored; may be called more than once. */
  stop(): Promise<void>;
}

/**
 * Runs Prometheus and Alertmanager on loopback with the shipped rules and configuration.
 * @throws MissingServerError when one is not installed; Error when one does not start. Nothing is left running then.
 */
export async function startStack(options: StackOptions): Promise<Stack> {
  const { targets, inbox, timeScale = 1, prometheusPort = 0, alertmanagerPort = 0, discovered, history } = options;
  const binaries = requireServers();
  const folder = mkdtempSync(join(tmpdir(), 'tidegate-stack-'));
  const file = (name: string, content: string): string => {
    const path = join(folder, name);
    writeFileSync(path, content);
    return path;
  };
  const servers: Server[] = [];
  let stopping: Promise<void> | undefined;
  const stop = (): Promise<void> =>
    (stopping ??= (async () => {
      await Promise.all(servers.map((server) => server.stop()));
      rmSync(folder, { recursive: true, force: true });
    })());
  try {
    const alertmanagerFile = file('alertmanager.yml', alertmanagerConfig(inbox, timeScale));
    const alertmanager = await startServer(binaries.alertmanager, alertmanagerPort, (address) => [
      `--config.file=${alertmanagerFile}`,
      `--storage.path=${join(folder, 'alertmanager')}`,
      `--web.listen-address=${address}`,
      // There is no other Alertmanager to form a cluster with.
      '--cluster.listen-address=',
    ]);
    servers.push(alertmanager);
    const rules = file('tidegate.rules.yml', renderRules({ ...options.rules, timeScale }));
    const config = file('prometheus.yml', prometheusConfig(targets, alertmanager.url, rules, timeScale, discovered));
    if (history !== undefined) {
      const samples = file('history.txt', history);
      const args = ['tsdb', 'create-blocks-from', 'openmetrics', samples, join(folder, 'data')];
      execFileSync('promtool', args, { stdio: 'ignore' });
    }
    const prometheus = await startServer(binaries.prometheus, prometheusPort, (address) => [
      `--config.file=${config}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      `--web.listen-address=${address}`,
    ]);
    servers.push(prometheus);
    return { prometheus: prometheus.url, alertmanager: alertmanager.url, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
