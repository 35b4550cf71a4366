import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { stringify } from 'yaml';
import { readConfig, ruleOptions } from '../../ops/config.ts';
import { renderRules, ruleGroups } from '../../ops/rules.ts';
import { neededRules } from './needed-rules.ts';
import { need, runTool, TOOL_TIMEOUT_MS } from './tools.ts';

const alertsOf = (config: unknown): (string | undefined)[] =>
  ruleGroups(ruleOptions(readConfig(config))).flatMap(({ rules }) => rules.map(({ alert }) => alert));

const BUDGET = { thresholds: { cost: { budgetUsdPerDay: 100 } } };

test('a daily budget is an alert if one is configured', () => {
  expect(alertsOf({})).not.toContain('TidegateCostOverBudget');
  expect(alertsOf(BUDGET)).toContain('TidegateCostOverBudget');
  expect(() => alertsOf({ thresholds: { cost: { budget: 100 } } })).toThrow(/budgetUsdPerDay/);
});

test(
  'it fires above the budget, stays quiet below and without data, and resolves',
  { timeout: TOOL_TIMEOUT_MS },
  (context) => {
    const promtool = need('promtool', context);
    const folder = mkdtempSync(join(tmpdir(), 'tidegate-budget-'));
    const firing = {
      exp_labels: { severity: 'warning', job: 'app' },
      exp_annotations: {
        summary: 'LLM calls exceed their daily budget.',
        description:
          'app has spent 150 USD on LLM calls in 24 hours (budget 100 USD). Spend by model is in the panels of cost; a batch can be given a limit of its own with maxCost.',
        runbook_url: 'https://wiki.example/llm#tidegatecostoverbudget',
      },
    };
    const series = (job: string): string =>
      `tidegate_cost_total{job="${job}",instance="a",gen_ai_provider_name="openai",gen_ai_request_model="m",gen_ai_operation_name="chat",tidegate_cost_spent_on="answers"}`;
    const at = (time: string, alerts: object[]): object => ({
      eval_time: time,
      alertname: 'TidegateCostOverBudget',
      exp_alerts: alerts,
    });
    try {
      const options = ruleOptions(readConfig({ ...BUDGET, runbookUrl: 'https://wiki.example/llm' }));
      writeFileSync(join(folder, 'all.yml'), renderRules(options));
      expect(runTool(promtool, ['check', 'rules', join(folder, 'all.yml')])).toContain('SUCCESS');
      const about = { name: 'budget', evaluationInterval: '5m', alerts: ['TidegateCostOverBudget'], tests: [] };
      writeFileSync(join(folder, 'rules.yml'), stringify({ groups: neededRules(about, options) }, { lineWidth: 0 }));
      const tests = [
        { interval: '1m', input_series: [], alert_rule_test: [at('100m', [])] },
        {
          interval: '1m',
          input_series: [
            // 15 USD an hour for ten hours, and nothing more; another job stays below.
            { series: series('app'), values: '0+0.25x600 150x1100' },
            { series: series('other'), values: '0+0.0625x1500' },
          ],
          alert_rule_test: [at('380m', []), at('700m', [firing]), at('1700m', [])],
        },
      ];
      const order = ruleGroups(ruleOptions(readConfig(BUDGET))).map(({ name }) => name);
      const file = { rule_files: ['rules.yml'], evaluation_interval: '5m', group_eval_order: order, tests };
      writeFileSync(join(folder, 'test.yml'), stringify(file));
      expect(runTool(promtool, ['test', 'rules', join(folder, 'test.yml')])).toContain('SUCCESS');
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
);
