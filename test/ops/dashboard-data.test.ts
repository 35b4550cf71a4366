import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { NAMINGS, type Naming } from '../../scripts/ops/naming.ts';
import { ruleGroups } from '../../scripts/ops/rules.ts';
import { allPanels, loadDashboards } from './dashboard-json.ts';
import { sampleHour } from './openmetrics.ts';
import { concrete } from './promql.ts';
import { withServer } from './server.ts';
import { PROMETHEUS, PROMTOOL, runTool, testWith } from './tools.ts';

interface Sample {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: readonly [number, string];
}

type Ask = (expr: string) => Promise<Sample[]>;

const PROVIDER = 'job="app",gen_ai_provider_name="openai"';

/** What the sample answers to the first row. */
const ANSWERS: Readonly<Record<string, number>> = {
  // 700 - 600 of 1000 tokens are left at the end, 400 half an hour before.
  'Worst limit used': 0.9,
  'Which limit': 0.9,
  'Change in 30 minutes': 0.3,
  // Three limits of two models, each counted 60 times a minute.
  'Refused calls': 360,
  // 840 of 1000 are left, a request a minute.
  'Day limit lasts': 840 * 60,
  'Circuits open': 1,
  'Queued now': 3,
};

describe.each(NAMINGS)('dashboards of the %s route over an hour of metrics', (naming) => {
  testWith(PROMTOOL && PROMETHEUS, 'prometheus with promtool', 'every panel and every variable has data', async (prometheus) => {
    await withPrometheus(prometheus, naming, async (ask, url) => {
      const empty: string[] = [];
      for (const dashboard of loadDashboards(naming)) {
        for (const panel of allPanels(dashboard)) {
          for (const { expr } of panel.targets ?? []) {
            const samples = await ask(concrete(expr));
            if (samples.length === 0) empty.push(`${dashboard.uid}: ${panel.title}: ${expr}`);
            const answer = ANSWERS[panel.title];
            if (answer === undefined) continue;
            expect(samples, panel.title).toHaveLength(1);
            expect(Number(samples[0]!.value[1]), panel.title).toBeCloseTo(answer, 6);
            if (panel.title === 'Which limit') {
              expect(samples[0]!.metric).toMatchObject({ gen_ai_request_model: 'gpt-5.1', tidegate_limit_dimension: 'tokens' });
            }
          }
        }
        for (const { definition } of dashboard.templating.list.slice(1)) {
          const [, selector, label] = /^label_values\((.+), (\w+)\)$/.exec(definition!)!;
          const query = new URLSearchParams({ 'match[]': concrete(selector!) });
          const response = await fetch(`${url}/api/v1/label/${label}/values?${query}`);
          expect(((await response.json()) as { data: string[] }).data.length, definition).toBeGreaterThan(0);
        }
      }
      expect(empty).toEqual([]);
    });
  });
});

async function withPrometheus(binary: string, naming: Naming, use: (ask: Ask, url: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'tidegate-prometheus-'));
  try {
    const end = Math.floor(Date.now() / 1000) - 60;
    const recorded = ruleGroups({ naming }).flatMap((group) => group.rules.flatMap((rule) => rule.record ?? []));
    const extra = [
      ...recorded.map((name) => `${name}{${PROVIDER}}`),
      `ALERTS{alertname="TidegateRetriesExhausted",alertstate="firing",severity="critical",${PROVIDER}}`,
      `${naming === 'exporter' ? 'tidegate_calls_total' : 'tidegate_attempts_total'}{job="app",instance="a",otel_metric_overflow="true"}`,
    ];
    writeFileSync(join(folder, 'sample.txt'), sampleHour(naming, end, extra));
    writeFileSync(join(folder, 'prometheus.yml'), '');
    runTool(PROMTOOL!, ['tsdb', 'create-blocks-from', 'openmetrics', join(folder, 'sample.txt'), join(folder, 'data')]);
    const args = (port: number): string[] => [
      `--config.file=${join(folder, 'prometheus.yml')}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
    ];
    await withServer(binary, args, (url) =>
      use(async (expr) => {
        const body = new URLSearchParams({ query: expr, time: String(end) });
        const response = await fetch(`${url}/api/v1/query`, { method: 'POST', body });
        const answer = (await response.json()) as { status: string; error?: string; data: { result: Sample[] } };
        if (answer.status !== 'success') throw new Error(`${expr}: ${answer.error}`);
        return answer.data.result;
      }, url),
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
}
