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

test('without a configuration the files are those that are shipped', async () => {
  const { code, io } = await run();
  expect([code, io.errLines]).toEqual([0, []]);
  expect(withoutHeader(written('rules/tidegate.rules.yml'))).toBe(
    withoutHeader(shipped('prometheus/rules/tidegate.rules.yml')),
  );
  for (const name of ['overview', 'provider', 'slo']) {
    expect(written(`dashboards/${name}.json`)).toBe(shipped(`grafana/dashboards/${name}.json`));
  }
  expect(io.outLines).toHaveLength(6);
});

test('the printed defaults change nothing', async () => {
  const io = new FakeIo();
  expect(await dispatch(['rules', '--defaults'], io, '0.0.0')).toBe(0);
  await run(io.outLines.join('\n'));
  expect(withoutHeader(written('rules/tidegate.rules.yml'))).toBe(
    withoutHeader(shipped('prometheus/rules/tidegate.rules.yml')),
  );
});

test('thresholds, windows, severities, times, selector and runbook are as the file says', async (context) => {
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

describe('a configuration that is wrong', () => {
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
    ['- 1', 'Expected the file to have keys'],
  ])('%s', async (config, message) => {
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
