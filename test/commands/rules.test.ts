import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { dispatch } from '../../src/commands/dispatch.ts';
import { need, ROOT, runTool } from '../ops/tools.ts';
import { FakeIo } from './fake-io.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tidegate-rules-command-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

interface Rule {
  readonly alert?: string;
  readonly expr: string;
  readonly for?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

const shipped = (path: string): string => readFileSync(join(ROOT, path), 'utf8');
const written = (path: string): string => readFileSync(join(folder, 'out', path), 'utf8');
const withoutHeader = (text: string): string => text.replaceAll(/^#.*\n/gm, '');
const alertsOf = (text: string): Rule[] =>
  (parse(text) as { groups: { rules: Rule[] }[] }).groups.flatMap(({ rules }) => rules.filter(({ alert }) => alert));

/** Runs the command over a configuration. */
async function run(config?: string): Promise<{ code: number; io: FakeIo }> {
  const io = new FakeIo();
  const out = ['--out', join(folder, 'out')];
  if (config === undefined) return { code: await dispatch(['rules', ...out], io, '0.0.0'), io };
  writeFileSync(join(folder, 'config.yml'), config);
  return { code: await dispatch(['rules', '--config', join(folder, 'config.yml'), ...out], io, '0.0.0'), io };
}

test('without a configuration the files are the shipped ones', async () => {
  const { code, io } = await run();
  expect([code, io.errLines]).toEqual([0, []]);
  expect(withoutHeader(written('rules/tidegate.rules.yml'))).toBe(
    withoutHeader(shipped('prometheus/rules/tidegate.rules.yml')),
  );
  for (const name of ['overview', 'provider', 'slo']) {
    expect(written(`dashboards/${name}.json`)).toBe(shipped(`grafana/dashboards/${name}.json`));
  }
  expect(written('alertmanager.yml')).toBe(shipped('prometheus/alertmanager.yml'));
  expect(io.outLines).toHaveLength(7);
});

test('links of dashboards open the same runbook as those of alerts', async () => {
  await run('runbookUrl: https://wiki.example/llm');
  for (const name of ['overview', 'provider', 'slo', 'work', 'gen-ai']) {
    const links = written(`dashboards/${name}.json`).match(/https?:[^"]+?(?=#)/g);
    expect(new Set(links)).toEqual(new Set(['https://wiki.example/llm']));
  }
});

test('the printed defaults change nothing', async () => {
  const io = new FakeIo();
  expect(await dispatch(['rules', '--defaults'], io, '0.0.0')).toBe(0);
  await run(io.outLines.join('\n'));
  expect(withoutHeader(written('rules/tidegate.rules.yml'))).toBe(
    withoutHeader(shipped('prometheus/rules/tidegate.rules.yml')),
  );
});

test('thresholds, windows, severities, times, selector and runbook follow the file', async (context) => {
  const { code, io } = await run(`
selector: job="shop"
runbookUrl: https://wiki.example/llm
thresholds:
  tier: { nearlyExhausted: 0.7 }
  slo: { objective: 0.995, burns: [{ factor: 10, long: 1h, short: 5m, for: 2m, severity: warning }] }
alerts:
  TidegateTierSaturated: { severity: info, for: 1h, keepFiringFor: 2h, windows: { 15m: 30m } }
  TidegateCircuitOpen/warning: false
  TidegateNoCapacity: false
`);
  expect([code, io.errLines]).toEqual([0, []]);
  expect(
    runTool(need('promtool', context), ['check', 'rules', join(folder, 'out/rules/tidegate.rules.yml')]),
  ).toContain('SUCCESS');
  const alerts = alertsOf(written('rules/tidegate.rules.yml'));
  const named = (name: string): Rule[] => alerts.filter(({ alert }) => alert === name);
  expect(named('TidegateTierSaturated')).toMatchObject([
    {
      expr: 'avg_over_time(tidegate:limit:urgent_utilization[30m]) > 0.9',
      for: '1h',
      keep_firing_for: '2h',
      labels: { severity: 'info' },
      annotations: { runbook_url: 'https://wiki.example/llm#tidegatetiersaturated' },
    },
  ]);
  expect(named('TidegateTierSaturated')[0]!.annotations!['description']).toContain('over 30 minutes');
  expect(named('TidegateTierNearlyExhausted')[0]!.expr).toContain('> 0.7');
  expect(named('TidegateCircuitOpen').map(({ labels }) => labels!['severity'])).toEqual(['critical']);
  expect(named('TidegateNoCapacity')).toEqual([]);
  expect(named('TidegateCallErrorBudgetBurn')).toHaveLength(1);
  expect(written('rules/tidegate.rules.yml')).toContain('tidegate_circuit_state{job="shop"');
  expect(written('dashboards/overview.json')).toContain('0.7');
  expect(written('dashboards/slo.json')).toContain('99.5 %');
});

test('native histograms are read under configured label names', async (context) => {
  const { code, io } = await run('histograms: native\nlabels: { job: service_name }\nselector: service_name="shop"');
  expect([code, io.errLines]).toEqual([0, []]);
  const file = join(folder, 'out/rules/tidegate.rules.yml');
  expect(runTool(need('promtool', context), ['check', 'rules', file])).toContain('SUCCESS');
  expect(written('rules/tidegate.rules.yml')).toContain(
    'histogram_count(increase(tidegate_attempt_duration_seconds{service_name="shop"}[2m]))',
  );
  for (const text of [written('rules/tidegate.rules.yml'), written('dashboards/overview.json')]) {
    expect(text).toContain('histogram_quantile(');
    expect(text).not.toMatch(/tidegate_\w+_(?:bucket|sum|count)\b/);
  }
});

test('configured label names appear in rules, texts and dashboards', async (context) => {
  const { code } = await run(`
selector: job="kept",service_name=~"shop.*"
labels: { cluster: k8s_cluster_name, namespace: k8s_namespace_name, job: service_name, instance: pod }
`);
  expect(code).toBe(0);
  const file = join(folder, 'out/rules/tidegate.rules.yml');
  expect(runTool(need('promtool', context), ['check', 'rules', file])).toContain('SUCCESS');
  const OLD = /(?<![\w$.:{-])(?:cluster|namespace|job|instance)(?![\w:-])/;
  const { groups } = parse(written('rules/tidegate.rules.yml')) as { groups: { rules: Rule[] }[] };
  for (const { expr, annotations } of groups.flatMap(({ rules }) => rules)) {
    const queries = annotations?.['description']?.match(/\{\{.*?\}\}/gs) ?? [];
    for (const text of [expr, ...queries]) expect(text.replaceAll('job="kept"', '')).not.toMatch(OLD);
  }
  expect(written('rules/tidegate.rules.yml')).toContain('{{ $labels.service_name }}');
  for (const name of ['overview', 'provider', 'slo', 'work']) {
    const board = written(`dashboards/${name}.json`);
    const queries = [...board.matchAll(/"(?:expr|definition|query|legendFormat)": "(.*)"/g)].map(([, text]) => text!);
    expect(queries.length).toBeGreaterThan(5);
    for (const query of queries) expect(query).not.toMatch(OLD);
    // Variables keep their names: links between dashboards carry them.
    expect(board).toContain('service_name=~\\"$job\\"');
  }
});

test('alerts are grouped and inhibited by configured label names', async (context) => {
  await run('labels: { cluster: k8s_cluster_name, job: service_name }');
  const file = join(folder, 'out/alertmanager.yml');
  expect(runTool(need('amtool', context), ['check-config', file])).toContain('SUCCESS');
  const { route, inhibit_rules: rules } = parse(written('alertmanager.yml'), { merge: true }) as {
    route: { group_by: string[] };
    inhibit_rules: { equal: string[] }[];
  };
  expect(route.group_by).toEqual(['k8s_cluster_name', 'namespace', 'service_name', 'gen_ai_provider_name']);
  expect(rules.length).toBeGreaterThan(10);
  for (const { equal } of rules) {
    expect(equal).toEqual(expect.arrayContaining(['k8s_cluster_name', 'namespace', 'service_name']));
    expect(equal).not.toContain('job');
  }
});

test('a page that is turned off inhibits no other alert', async () => {
  await run('alerts: { TidegateCircuitOpen/critical: { severity: info }, TidegateCallsFailing: false }');
  const burns = alertsOf(written('rules/tidegate.rules.yml')).filter(
    ({ alert, labels }) => alert === 'TidegateCallErrorBudgetBurn' && labels!['severity'] === 'critical',
  );
  expect(burns).toHaveLength(2);
  for (const { expr } of burns) expect(expr).not.toMatch(/circuit:not_closed|call_failures:ratio2m/);
});

describe('an invalid configuration', () => {
  test.each([
    ['threshold: {}', 'Expected the keys of the file to be among'],
    ['thresholds: { tier: { nearly: 1 } }', 'Expected the keys of thresholds.tier to be among'],
    ['thresholds: { tier: { saturated: high } }', 'Expected thresholds.tier.saturated to be a number of at least 0'],
    ['thresholds: { slo: { burns: 3 } }', 'Expected thresholds.slo.burns to be a list'],
    ['alerts: { TidegateNothing: false }', 'Expected alerts.TidegateNothing to name an alert'],
    ['alerts: { TidegateRetryStorm: { severity: high } }', 'Expected alerts.TidegateRetryStorm.severity to be one of'],
    ['alerts: { TidegateRetryStorm: { for: soon } }', 'Expected alerts.TidegateRetryStorm.for to be a duration'],
    [
      'alerts: { TidegateRetryStorm: { windows: { 9m: 1m } } }',
      'Expected the window 9m to be one of TidegateRetryStorm',
    ],
    [
      'alerts: { TidegateCircuitOpen: { severity: info } }',
      'Expected each alert of a name to have a severity of its own',
    ],
    ['naming: otlp', 'Expected the keys of the file to be among'],
    ['histograms: exponential', 'Expected histograms to be one of buckets, native'],
    // Values that Prometheus would not load.
    ...[`'{job="shop"}'`, 'job=shop', `'job="x"} or vector(1) or up{a="b"'`, `'my-label="x"'`, `'job=~"("'`].map(
      (selector) => [`selector: ${selector}`, 'Expected selector to be matchers without braces'],
    ),
    ['selector: job="100%"', 'Expected selector to be without %'],
    ['thresholds: { telemetry: { memory: yesterday } }', 'Expected thresholds.telemetry.memory to be a duration'],
    ['thresholds: { telemetry: { memory: 0s } }', 'Expected thresholds.telemetry.memory to be a duration'],
    ['alerts: { TidegateTierSaturated: { windows: { 15m: 0m } } }', 'windows.15m to be a duration'],
    ['alerts: { TidegateTierSaturated/warning/x: false }', 'to be a name, or a name and a severity'],
    ['labels: { job: my-job }', 'Expected labels.job to be the name of a label of its own'],
    ['labels: { job: cluster }', 'to be the name of a label of its own'],
    ['labels: { job: gen_ai_request_model }', 'to be the name of a label of its own'],
    // Values that it would load, but that would always fire or never.
    ['thresholds: { tier: { nearlyExhausted: 70 } }', 'thresholds.tier.nearlyExhausted to be a share of at most 1'],
    ['thresholds: { slo: { objective: 99.5 } }', 'thresholds.slo.objective to be a share of at most 1'],
    ['thresholds: { slo: { objective: 1 } }', 'thresholds.slo.objective to be above 0 and below 1'],
    ['thresholds: { slo: { burns: [] } }', 'thresholds.slo.burns to have one at least'],
    ['thresholds: { slo: { burns: [{ factor: 2 }] } }', 'thresholds.slo.burns[0] to have factor, long'],
    ...(
      [
        ['long: 5m, short: 1h, for: 1m, severity: critical', 'long to be longer than its short window 1h'],
        ['long: 1h, short: 1m, for: 1m, severity: critical', 'short to be 5m at least'],
        ['long: 2h, short: 5m, for: soon, severity: critical', 'for to be a duration'],
        ['long: 2h, short: 5m, for: 1m, severity: page', 'severity to be critical or warning'],
      ] as const
    ).map(([burn, message]) => [`thresholds: { slo: { burns: [{ factor: 2, ${burn} }] } }`, message]),
    [
      'thresholds: { slo: { burns: [{ factor: 200, long: 1h, short: 5m, for: 1m, severity: critical }] } }',
      'factor to be above 0 and below 100, at which every call fails',
    ],
    ['runbookUrl: javascript:alert(1)', 'Expected runbookUrl to be an http or https address'],
    ['runbookUrl: "https://wiki/{{ $labels.job }}"', 'Expected runbookUrl to be an http or https address'],
    ['- 1', 'Expected the file to have keys'],
  ] as [string, string][])('%s', async (config, message) => {
    const { code, io } = await run(config);
    expect(code).toBe(2);
    expect(io.errLines.join('\n')).toContain(message);
  });

  test('a file that is not there', async () => {
    const io = new FakeIo();
    expect(await dispatch(['rules', '--config', join(folder, 'none.yml')], io, '0.0.0')).toBe(1);
    expect(io.errLines.join('\n')).toContain('There is no ');
  });
});
