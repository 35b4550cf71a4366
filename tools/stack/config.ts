import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import { divideDuration } from '../../ops/time-scale.ts';

const ROOT = join(import.meta.dirname, '../..');
const SHORTEST_SCRAPE_MS = 1_000;

/** Addresses (`host:port`) to scrape by job. */
export type Targets = Readonly<Record<string, readonly string[]>>;

/** Files that list the targets by job; they are read again when they change. */
export type Discovered = Readonly<Record<string, string>>;

interface PrometheusFile {
  readonly global: { readonly scrape_interval: string; readonly evaluation_interval: string };
}

/**
 * `prometheus/prometheus.local.yml` with other targets (static or discovered), another Alertmanager and the given rule
 * file.
 */
export function prometheusConfig(
  targets: Targets,
  alertmanager: string,
  rules: string,
  timeScale: number,
  discovered: Discovered = {},
): string {
  const shipped = read('prometheus/prometheus.local.yml') as PrometheusFile;
  const faster = (duration: string): string => divideDuration(duration, timeScale, SHORTEST_SCRAPE_MS);
  return stringify({
    ...shipped,
    global: {
      scrape_interval: faster(shipped.global.scrape_interval),
      scrape_timeout: faster(shipped.global.scrape_interval),
      evaluation_interval: faster(shipped.global.evaluation_interval),
    },
    rule_files: [rules],
    alerting: { alertmanagers: [{ static_configs: [{ targets: [new URL(alertmanager).host] }] }] },
    scrape_configs: [
      ...Object.entries(targets).map(([job, addresses]) => ({
        job_name: job,
        static_configs: [{ targets: addresses }],
      })),
      ...Object.entries(discovered).map(([job, file]) => ({
        job_name: job,
        file_sd_configs: [{ files: [file], refresh_interval: '5s' }],
      })),
    ],
  });
}

const SHIPPED_INBOX = 'http://127.0.0.1:9465/alerts';
const TIMES = new Set(['group_wait', 'group_interval', 'repeat_interval', 'resolve_timeout']);

/**
 * `prometheus/alertmanager.yml` with another inbox and shorter times.
 * @throws Error when the shipped file no longer delivers to the inbox
 */
export function alertmanagerConfig(inbox: string, timeScale: number): string {
  let delivered = false;
  const text = JSON.stringify(read('prometheus/alertmanager.yml'), (key, value: unknown) => {
    if (value === SHIPPED_INBOX) {
      delivered = true;
      return inbox;
    }
    return TIMES.has(key) ? divideDuration(value as string, timeScale) : value;
  });
  if (!delivered) throw new Error(`Expected prometheus/alertmanager.yml to deliver to ${SHIPPED_INBOX}`);
  return stringify(JSON.parse(text));
}

function read(path: string): unknown {
  return parse(readFileSync(join(ROOT, path), 'utf8'));
}
