import { readFileSync, writeFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import type { RuleGroup } from '../../ops/rendered-rule.ts';
import { renderRules, ruleGroups } from '../../ops/rules.ts';
import { divideDuration, scaleExpression } from '../../ops/time-scale.ts';
import { alertmanagerConfig, prometheusConfig } from '../../tools/stack/config.ts';
import { need, ROOT, runTool, TOOL_TIMEOUT_MS } from './tools.ts';

test.each([
  ['5m', 60, '5s'],
  ['1d', 60, '1440s'],
  ['30s', 60, '500ms'],
  ['0m', 60, '0s'],
  ['10ms', 60, '1ms'],
  ['7m', 1, '420s'],
])('%s divided by %i is %s', (duration, divisor, expected) => {
  expect(divideDuration(duration, divisor)).toBe(expected);
});

test('rejects an invalid duration', () => {
  expect(() => divideDuration('5 minutes', 60)).toThrow('Expected a duration such as 30m, got 5 minutes');
});

test('scales windows and offsets, but not names, thresholds and quoted texts', () => {
  const expr = 'rate(a{b="5m"}[5m]) > 3 * (tidegate:retries:rate1h offset 10m) and x < 14400';
  expect(scaleExpression(expr, 60)).toBe(
    'rate(a{b="5m"}[5s]) > 3 * (tidegate:retries:rate1h offset 10s) and x < 14400',
  );
  expect(scaleExpression('sum_over_time(a:increase5m[3d:5m])', 60)).toBe('sum_over_time(a:increase5m[4320s:5s])');
  expect(scaleExpression(expr, 1)).toBe(expr);
});

test('leaves the shipped file unchanged at a scale of 1', () => {
  const shipped = readFileSync(join(ROOT, 'prometheus/rules/tidegate.rules.yml'), 'utf8');
  expect(renderRules({ timeScale: 1 })).toBe(shipped);
});

test('changes nothing but the times of a rule', () => {
  const flat = (groups: readonly RuleGroup[]) =>
    groups.flatMap(({ rules }) => rules.map(({ record, alert, labels }) => ({ record, alert, labels })));
  const shipped = ruleGroups();
  const scaled = ruleGroups({ timeScale: 60 });
  expect(flat(scaled)).toEqual(flat(shipped));
  const saturated = scaled.flatMap(({ rules }) => rules).find(({ alert }) => alert === 'TidegateTierSaturated')!;
  expect(saturated).toMatchObject({
    for: '15s',
    keep_firing_for: '30s',
    expr: 'avg_over_time(tidegate:limit:urgent_utilization[15s]) > 0.9',
  });
  expect(JSON.stringify(scaled)).not.toMatch(/\[\d+[mhd][\]:]|:\d+[mhd]\]|offset \d+[mhd]/);
});

test('is accepted by Prometheus and Alertmanager', { timeout: TOOL_TIMEOUT_MS }, (context) => {
  const promtool = need('promtool', context);
  const amtool = need('amtool', context);
  const folder = mkdtempSync(join(tmpdir(), 'tidegate-scale-'));
  try {
    const write = (name: string, content: string): string => {
      writeFileSync(join(folder, name), content);
      return join(folder, name);
    };
    const rules = write('rules.yml', renderRules({ timeScale: 60 }));
    expect(runTool(promtool, ['check', 'rules', rules])).toContain('SUCCESS');
    const config = prometheusConfig({ app: ['127.0.0.1:1'] }, 'http://127.0.0.1:2', rules, 60);
    expect(runTool(promtool, ['check', 'config', write('prometheus.yml', config)])).toContain('SUCCESS');
    const alertmanager = write('alertmanager.yml', alertmanagerConfig('http://127.0.0.1:3/alerts', 60));
    expect(runTool(amtool, ['check-config', alertmanager])).toContain('SUCCESS');
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("changes nothing but inbox and times of Alertmanager's configuration", () => {
  const shipped = parse(readFileSync(join(ROOT, 'prometheus/alertmanager.yml'), 'utf8')) as {
    inhibit_rules: unknown;
    route: { routes: { matchers: unknown }[] };
  };
  const scaled = parse(alertmanagerConfig('http://127.0.0.1:3/alerts', 60)) as typeof shipped;
  expect(scaled.inhibit_rules).toEqual(shipped.inhibit_rules);
  expect(scaled.route.routes.map(({ matchers }) => matchers)).toEqual(
    shipped.route.routes.map(({ matchers }) => matchers),
  );
  expect(scaled.route).toMatchObject({ group_wait: '500ms', group_interval: '5s', repeat_interval: '240s' });
  expect(JSON.stringify(scaled)).not.toContain('9465');
});
