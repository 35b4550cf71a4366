import { describe, expect, test } from 'vitest';
import { ruleGroups } from '../../ops/rules.ts';
import { allPanels, loadDashboards } from './dashboard-json.ts';
import { sampleHour } from './openmetrics.ts';
import { concrete } from './promql.ts';
import { type Ask, type Sample, withSamples } from './sampled-prometheus.ts';
import { need, TOOL_TIMEOUT_MS } from './tools.ts';

const PROVIDER = 'job="app",gen_ai_provider_name="openai"';

/** The sample's values in the summary row. */
const ANSWERS: Readonly<Record<string, number>> = {
  // 700 - 600 of 1000 tokens are left at the end, 400 half an hour before.
  'Worst limit used': 0.9,
  'Which limit': 0.9,
  // More than 80 % of the tokens are used after 50 minutes.
  'Near the limit for': 600,
  'Whose calls wait': 3,
  // Three limits of two models, each counted 60 times a minute.
  'Refused calls': 360,
  // 840 of 1000 are left, a request a minute.
  'Day limit lasts': 840 * 60,
  'Circuits open': 1,
  'Queued now': 3,
};

const WORST = {
  job: 'app',
  gen_ai_provider_name: 'openai',
  gen_ai_request_model: 'gpt-5.1',
  tidegate_limit_dimension: 'tokens',
};

describe('dashboards over an hour of metrics', () => {
  test(
    'every panel and every variable has data, and the summary row is correct',
    { timeout: TOOL_TIMEOUT_MS },
    async (context) => {
      const binaries = { prometheus: need('prometheus', context), promtool: need('promtool', context) };
      const empty: string[] = [];
      const answers: Record<string, number> = {};
      const worst: Sample['metric'][] = [];
      await withPrometheus(binaries, async (ask, url) => {
        for (const dashboard of loadDashboards()) {
          for (const { title, targets = [] } of allPanels(dashboard)) {
            for (const { expr } of targets) {
              const samples = await ask(concrete(expr));
              if (samples.length === 0) empty.push(`${dashboard.uid}: ${title}: ${expr}`);
              if (title in ANSWERS) answers[title] = Number(Number(samples[0]?.value[1]).toFixed(6));
              if (title === 'Which limit') worst.push(...samples.map(({ metric }) => metric));
            }
          }
          for (const { name, definition } of dashboard.templating.list.slice(1)) {
            // Labels that a Prometheus may add to its targets.
            if (name === 'cluster' || name === 'namespace') continue;
            const [, selector, label] = /^label_values\((.+), (\w+)\)$/.exec(definition!)!;
            const query = new URLSearchParams({ 'match[]': concrete(selector!) });
            const response = await fetch(`${url}/api/v1/label/${label}/values?${query}`);
            if (((await response.json()) as { data: string[] }).data.length === 0) empty.push(definition!);
          }
        }
      });
      expect(empty).toEqual([]);
      expect(answers).toEqual(ANSWERS);
      expect(worst.length).toBeGreaterThan(0);
      for (const labels of worst) expect(labels).toEqual(WORST);
    },
  );
});

async function withPrometheus(
  binaries: { readonly prometheus: string; readonly promtool: string },
  use: (ask: Ask, url: string) => Promise<void>,
): Promise<void> {
  // On the minute, as the steps of subqueries are.
  const end = Math.floor(Date.now() / 60_000) * 60 - 60;
  const recorded = ruleGroups().flatMap((group) => group.rules.flatMap((rule) => rule.record ?? []));
  const extra = [
    ...recorded.map((name) => `${name}{${PROVIDER}}`),
    `ALERTS{alertname="TidegateCostSpike",alertstate="firing",severity="warning",${PROVIDER}}`,
    `ALERTS{alertname="TidegateRetriesExhausted",alertstate="firing",severity="critical",${PROVIDER}}`,
    `ALERTS_FOR_STATE{alertname="TidegateCostSpike",severity="warning",${PROVIDER}}`,
    `ALERTS_FOR_STATE{alertname="TidegateRetriesExhausted",severity="critical",${PROVIDER}}`,
    `tidegate_calls_total{job="app",instance="a",otel_metric_overflow="true"}`,
  ];
  await withSamples(binaries, sampleHour(end, extra), end, use);
}
