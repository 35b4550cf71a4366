import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { withServer } from './server.ts';
import { need, ROOT, TOOL_TIMEOUT_MS } from './tools.ts';
import { withWorkload } from './workload.ts';
import { until } from '../helpers/real-time.ts';

const POLL_MS = 200;

interface Notification {
  readonly receiver: string;
  readonly status: string;
  readonly alerts: readonly {
    readonly labels: Readonly<Record<string, string>>;
    readonly annotations: { readonly description: string };
  }[];
}

/** The shipped configuration, faster and with another inbox. */
function writeConfigs(folder: string, inbox: string): void {
  const alertmanager = readFileSync(join(ROOT, 'prometheus/alertmanager.yml'), 'utf8')
    .replace('http://127.0.0.1:9465', inbox)
    .replaceAll(/group_wait: \d+s/g, 'group_wait: 0s');
  writeFileSync(join(folder, 'alertmanager.yml'), alertmanager);
}

function prometheusConfig(metrics: string, alertmanager: string): string {
  const target = new URL(metrics).host;
  return `
global: { scrape_interval: 1s, evaluation_interval: 1s }
rule_files: ['${join(ROOT, 'prometheus/rules/*.yml')}']
alerting: { alertmanagers: [{ static_configs: [{ targets: ['${new URL(alertmanager).host}'] }] }] }
scrape_configs: [{ job_name: app, static_configs: [{ targets: ['${target}'] }] }]
`;
}

test(
  'an empty account reaches the inbox: client, endpoint, Prometheus, rule, Alertmanager, webhook',
  { timeout: TOOL_TIMEOUT_MS },
  async (context) => {
    const prometheus = need('prometheus', context);
    const alertmanagerBinary = need('alertmanager', context);
    const folder = mkdtempSync(join(tmpdir(), 'tidegate-chain-'));
    const notifications: Notification[] = [];
    const inbox = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        notifications.push(JSON.parse(Buffer.concat(chunks).toString()) as Notification);
        response.end();
      });
    }).listen(0, '127.0.0.1');
    await once(inbox, 'listening');
    const page = (name: string): Notification | undefined =>
      notifications.find(
        ({ receiver, alerts }) => receiver === 'page' && alerts.some(({ labels }) => labels['alertname'] === name),
      );
    try {
      writeConfigs(folder, `http://127.0.0.1:${(inbox.address() as AddressInfo).port}`);
      const alertmanagerArgs = (port: number): string[] => [
        `--config.file=${join(folder, 'alertmanager.yml')}`,
        `--storage.path=${join(folder, 'alertmanager')}`,
        `--web.listen-address=127.0.0.1:${port}`,
        '--cluster.listen-address=',
      ];
      const prometheusArgs = (port: number): string[] => [
        `--config.file=${join(folder, 'prometheus.yml')}`,
        `--storage.tsdb.path=${join(folder, 'data')}`,
        `--web.listen-address=127.0.0.1:${port}`,
      ];
      await withWorkload(({ url, call }) =>
        withServer(alertmanagerBinary, alertmanagerArgs, async (alertmanager) => {
          writeFileSync(join(folder, 'prometheus.yml'), prometheusConfig(url, alertmanager));
          await withServer(prometheus, prometheusArgs, async (server) => {
            await call();
            // An increase over two samples is extrapolated to twice as much.
            await until(
              'zeros were scraped',
              async () => {
                const quota = 'tidegate_ratelimit_rejections_total{tidegate_limit_dimension="quota"}';
                const query = new URLSearchParams({ query: `count_over_time(${quota}[1m]) > 5 and ${quota} == 0` });
                const answer = (await (await fetch(`${server}/api/v1/query?${query}`)).json()) as {
                  data: { result: unknown[] };
                };
                return answer.data.result.length > 0;
              },
              POLL_MS,
            );
            await expect(call(['insufficient_quota'])).rejects.toMatchObject({ status: 429 });
            await until('somebody is paged', () => page('TidegateQuotaExhausted') !== undefined, POLL_MS);
          });
        }),
      );
      const { alerts } = page('TidegateQuotaExhausted')!;
      expect(alerts[0]).toMatchObject({
        labels: { severity: 'critical', job: 'app', gen_ai_provider_name: 'openai' },
        annotations: {
          description: expect.stringMatching(/^openai \(app\) refused 1 call in .*Fix billing/) as string,
        },
      });
      expect(JSON.stringify(notifications)).not.toContain('sk-test');
    } finally {
      inbox.close();
      rmSync(folder, { recursive: true });
    }
  },
);
