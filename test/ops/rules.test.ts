import { readdirSync, readFileSync, writeFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { artifacts } from '../../ops/artifacts.ts';
import { dashboards } from '../../ops/dashboards/all.ts';
import { type Metric as Derived, METRICS } from '../../ops/metrics.ts';
import * as closedSets from '../../src/telemetry/contract/closed-sets.ts';
import { setsOf } from '../../src/telemetry/contract/labels-of.ts';
import { type Metric, METRICS as CONTRACT } from '../../src/telemetry/contract/metrics.ts';
import { familyName } from '../../ops/naming.ts';
import { RULE_TESTS } from '../../ops/rule-tests/all.ts';
import { renderRuleTests, type RuleTestFile } from '../../ops/rule-tests/rule-test.ts';
import type { RenderedRule } from '../../ops/rendered-rule.ts';
import { type RuleOptions, ruleGroups } from '../../ops/rules.ts';
import { DEFAULT_THRESHOLDS } from '../../ops/thresholds.ts';
import { resolveOptions } from '../../src/options.ts';
import { neededRules } from './needed-rules.ts';
import { seriesIn } from './promql.ts';
import { need, ROOT, runTool, TOOL_TIMEOUT_MS } from './tools.ts';

/** Alerts that name no job. */
const ABOUT_EVERYTHING = ['TidegateTelemetryAbsent', 'TidegateWatchdog'];

const ALERTS: readonly RenderedRule[] = ruleGroups().flatMap((group) =>
  group.rules.filter((rule) => rule.alert !== undefined),
);

test.each(artifacts())('$path matches its source', ({ path, content }) => {
  // After a change in ops: node ops/build.ts
  expect(readFileSync(join(ROOT, path), 'utf8')).toBe(content);
});

test.each(['prometheus/rules', 'prometheus/tests', 'grafana/dashboards'])(
  '%s contains generated files only',
  (folder) => {
    const known = new Set(artifacts().map(({ path }) => path));
    for (const file of readdirSync(join(ROOT, folder))) expect(known).toContain(`${folder}/${file}`);
  },
);

const CLOSED: Readonly<Record<string, Readonly<Record<string, true>>>> = closedSets;

describe('alerts', () => {
  test.each(ALERTS.map((rule) => [rule.alert!, rule] as const))(
    '%s has a summary, a description and advice',
    (name, rule) => {
      const { summary, description, runbook_url: runbook } = rule.annotations!;
      expect(name).toMatch(/^Tidegate([A-Z][a-z]+)+$/);
      expect(rule.labels!['severity']).toMatch(/^(critical|warning|info|none)$/);
      expect(summary).toMatch(/^[A-Z].{10,80}\.$/);
      // The headline of a group, so the same for all of it.
      expect(summary).not.toContain('{{');
      expect(description.length).toBeGreaterThan(summary.length);
      expect(description.includes('$labels.')).toBe(!ABOUT_EVERYTHING.includes(name));
      expect(runbook.endsWith(`/runbook.md#${name.toLowerCase()}`)).toBe(true);
    },
  );

  test('no two rules have the same name and labels', () => {
    const keys = ALERTS.map((rule) => JSON.stringify([rule.alert, rule.labels]));
    expect(new Set(keys).size).toBe(keys.length);
  });

  test('expressions use only metrics and labels that are emitted', () => {
    const families = new Map(
      Object.entries<Derived>(METRICS).map(([name, metric]) => [familyName(name, metric), metric] as const),
    );
    const recorded = new Set(ruleGroups().flatMap((group) => group.rules.map((rule) => rule.record)));
    const rules = ruleGroups().flatMap((group) => group.rules);
    const used = rules.flatMap((rule) => seriesIn(rule.expr));
    expect(used.length).toBeGreaterThan(50);
    const own = used.filter(({ name }) => !recorded.has(name) && name !== 'up');
    for (const { name, labels } of own) {
      const metric = families.get(name) ?? families.get(name.replace(/_(bucket|sum|count)$/, ''));
      const known = metric?.attributes.map((attribute) => attribute.replaceAll('.', '_')) ?? ['no such metric'];
      expect([name, ...known]).not.toContain('no such metric');
      const strange = labels.filter((label) => ![...known, 'job', 'le', 'otel_metric_overflow'].includes(label));
      expect([name, ...strange]).toEqual([name]);
    }
  });

  test('matchers name only values that their labels have', () => {
    const values = new Map<string, Set<string>>();
    for (const [label, set] of Object.values<Metric>(CONTRACT).flatMap((metric) => Object.entries(setsOf(metric)))) {
      const known = values.get(label.replaceAll('.', '_')) ?? new Set();
      for (const value of Object.keys(CLOSED[set] ?? {})) known.add(value);
      values.set(label.replaceAll('.', '_'), known);
    }
    const texts = [
      ...ruleGroups().flatMap((group) => group.rules.map(({ expr }) => expr)),
      ...dashboards().map(({ json }) => json.replaceAll('\\"', '"')),
    ];
    const named = texts.flatMap((text) =>
      [...text.matchAll(/(\w+)(?:=~|!~|!=|=)"([\w|]*)"/g)].flatMap(([, label, value]) =>
        value!.split('|').map((each) => [label!, each] as const),
      ),
    );
    const closed = named.filter(([label, value]) => value !== '' && (values.get(label)?.size ?? 0) > 0);
    expect(closed.length).toBeGreaterThan(100);
    expect(closed.filter(([label, value]) => !values.get(label)!.has(value))).toEqual([]);
  });

  test('every alert is tested in each situation', () => {
    const checks = RULE_TESTS.flatMap((file) => file.tests).flatMap((each) =>
      each.checks.map((check) => ({ ...check, alert: each.alert })),
    );
    // The watchdog has no action.
    for (const rule of ALERTS.filter((each) => each.alert !== 'TidegateWatchdog')) {
      const own = checks.filter((check) => check.alert === rule.alert);
      expect(
        own.map((check) => check.situation),
        `ops/rule-tests/ lacks a test of ${rule.alert}`,
      ).toEqual(expect.arrayContaining(['fires', 'quiet', 'resolves', 'first-event']));
      // Each severity and scope of an alert fires in some test.
      const fired = own.flatMap((check) => check.firing.map(({ labels }) => variant(rule.alert!, labels)));
      expect(fired).toContain(variant(rule.alert!, rule.labels!));
    }
    expect(checks.filter((check) => check.situation === 'fires' && check.firing.length === 0)).toEqual([]);
    const covered = RULE_TESTS.flatMap((file) => file.alerts);
    expect(new Set(covered), 'list a new alert in a file of ops/rule-tests/').toEqual(
      new Set(ALERTS.map((rule) => rule.alert)),
    );
  });

  test('promtool accepts the rules', (context) => {
    const path = 'prometheus/rules/tidegate.rules.yml';
    expect(runTool(need('promtool', context), ['check', 'rules', path])).toContain('SUCCESS');
  });

  test.for(RULE_TESTS)('promtool passes the $name tests', { timeout: TOOL_TIMEOUT_MS }, (file, context) => {
    expect(runRuleTests(need('promtool', context), file)).toContain('SUCCESS');
  });
});

function variant(alert: string, labels: Readonly<Record<string, string>>): string {
  const { severity, scope, long } = labels;
  return JSON.stringify([alert, severity, scope, long]);
}

test.for(['prometheus.yml', 'prometheus.local.yml'])('promtool accepts %s', (config, context) => {
  expect(runTool(need('promtool', context), ['check', 'config', `prometheus/${config}`])).toContain('rules found');
});

// True for every version of Prometheus's OTLP receiver and of the Collector: a unit in braces adds nothing, seconds are
// added unless the name contains the word, a gauge of unit 1 ends with ratio. They differ in units such as 1/s, which
// we therefore do not use.
test.each(Object.entries<Derived>(METRICS))('%s has one name on every way into Prometheus', (name, metric) => {
  const last = name.split(/[._]/).at(-1);
  const said = metric.unit === 's' ? 'seconds' : metric.unit === '1' ? 'ratio' : undefined;
  if (said !== undefined) expect(last).toBe(said);
  else expect(metric.unit).toMatch(/^\{\w+\}$/);
  if (metric.unit === '1') expect(metric.instrument).toBe('gauge');
  expect(name).not.toMatch(/total/);
});

test('a selector reaches every series', () => {
  const rules = ruleGroups({ selector: 'job="shop"' }).flatMap((group) => group.rules);
  const plain = rules.flatMap((rule) => seriesIn(rule.expr)).filter(({ name }) => !name.includes(':'));
  expect(plain.length).toBeGreaterThan(30);
  for (const series of plain) expect(series.labels).toContain('job');
});

test('a client whose retry budget is exhausted still raises a spike', () => {
  expect(DEFAULT_THRESHOLDS.retries.spikeRatio).toBeLessThan(resolveOptions().retry.budget!.ratio);
});

test('the tests detect a changed threshold', { timeout: TOOL_TIMEOUT_MS }, (context) => {
  const promtool = need('promtool', context);
  const queue = { ...DEFAULT_THRESHOLDS.queue, filled: DEFAULT_THRESHOLDS.queue.filled - 0.01 };
  const file = RULE_TESTS.find(({ name }) => name === 'queue')!;
  expect(() => runRuleTests(promtool, file, { thresholds: { ...DEFAULT_THRESHOLDS, queue } })).toThrow(
    /TidegateBulkheadQueueFilling/,
  );
});

/** promtool's output for the tests of a file, over the rules that they need. @throws Error if one fails */
function runRuleTests(promtool: string, file: RuleTestFile, options?: RuleOptions): string {
  const folder = mkdtempSync(join(tmpdir(), 'tidegate-rules-'));
  try {
    const paths = partsOf(file).map((part, at) => {
      writeFileSync(join(folder, `${at}.yml`), stringify({ groups: neededRules(part, options) }, { lineWidth: 0 }));
      const path = join(folder, `${at}.test.yml`);
      writeFileSync(path, renderRuleTests(part, `${at}.yml`));
      return path;
    });
    return runTool(promtool, ['test', 'rules', ...paths]);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/**
 * One for each alert, since no test of an alert needs the rules of another: a day of one would be a day of all of them.
 */
function partsOf({ expressions, ...file }: RuleTestFile): RuleTestFile[] {
  const alerts = new Set([...file.alerts, ...file.tests.map(({ alert }) => alert)]);
  const parts = [...alerts].map((alert) => ({
    ...file,
    alerts: [alert],
    tests: file.tests.filter((each) => each.alert === alert),
  }));
  return expressions ? [...parts, { ...file, alerts: [], tests: [], expressions }] : parts;
}
