import { expect, test } from 'vitest';
import { ruleGroups } from '../../ops/rules.ts';
import { firingsOf, levels } from '../../tools/replay/evaluate.ts';
import { FAULTS, HARMLESS } from '../../tools/replay/faults.ts';
import { notifications } from '../../tools/replay/notify.ts';
import { replay } from '../../tools/replay/replay.ts';
import { judgeFault, renderReport, withSeed } from '../../tools/replay/report.ts';
import { need } from './tools.ts';

const STEP = 15;
const steps = (from: number, to: number): number[] =>
  Array.from({ length: (to - from) / STEP + 1 }, (_, index) => from + index * STEP);

test('an alert is pending for its `for`, and continues for its `keep_firing_for`', () => {
  expect(firingsOf({ for: '1m' }, steps(0, 45))).toEqual([]);
  expect(firingsOf({ for: '1m' }, steps(0, 90))).toEqual([{ from: 60, to: 105 }]);
  // A single missing value restarts `for`, but not `keep_firing_for`.
  expect(firingsOf({ for: '1m' }, [...steps(0, 45), ...steps(75, 150)])).toEqual([{ from: 135, to: 165 }]);
  expect(firingsOf({ for: '1m', keep_firing_for: '1m' }, [...steps(0, 60), ...steps(120, 135)])).toEqual([
    { from: 60, to: 210 },
  ]);
  expect(firingsOf({ for: '0m' }, [0, 300])).toEqual([
    { from: 0, to: 15 },
    { from: 300, to: 315 },
  ]);
});

test('another seed adds exactly one line to the report', () => {
  const judged = (seed: number, good: boolean): Parameters<typeof renderReport>[0] => ({
    seed,
    samples: 1e6,
    week: { pages: [], tickets: [], good: true },
    faults: [{ fault: FAULTS[0]!, answer: undefined, others: [], good, verdict: good ? 'found' : 'not found' }],
  });
  const first = renderReport(judged(1, true));
  const both = withSeed(withSeed(first, judged(3, false)), judged(2, true));
  expect(both.startsWith(first)).toBe(true);
  const [two, three] = ['| 2 | 0 | 0 | 1 of 1 |  |', `| 3 | 0 | 0 | 0 of 1 | ${FAULTS[0]!.what}: not found |`];
  expect(both.endsWith(`\n${two}\n${three}\n`)).toBe(true);
  expect(withSeed(both, judged(2, true))).toBe(both);
});

test('a recording rule is evaluated after those that it reads', () => {
  const seen = new Set<string>();
  const groups = ruleGroups();
  const recorded = groups.flatMap(({ rules }) => rules.flatMap((rule) => rule.record ?? []));
  for (const level of levels(groups)) {
    for (const { expr } of level) {
      const reads = recorded.filter((name) => new RegExp(`(?<![\\w:])${name}(?![\\w:])`).test(expr));
      for (const name of reads) expect(seen).toContain(name);
    }
    for (const { record } of level) seen.add(record!);
  }
  expect([...seen].toSorted()).toEqual(recorded.toSorted());
});

const PAGE = { alertname: 'TidegateCircuitOpen', severity: 'critical', job: 'app', gen_ai_provider_name: 'openai' };

test('what a page explains is inhibited, and what joins its group is no second page', () => {
  const burn = { ...PAGE, alertname: 'TidegateCallErrorBudgetBurn' };
  const key = { ...PAGE, alertname: 'TidegateAuthFailing' };
  const sent = notifications([
    { labels: PAGE, from: 60, to: 600 },
    { labels: burn, from: 120, to: 300 },
    { labels: key, from: 200, to: 400 },
    { labels: { ...key, job: 'other' }, from: 200, to: 400 },
  ]);
  expect(sent.map(({ labels, at, update }) => [labels['alertname'], labels['job'], at, update])).toEqual([
    ['TidegateCircuitOpen', 'app', 70, false],
    ['TidegateAuthFailing', 'app', 250, true],
    ['TidegateAuthFailing', 'other', 210, false],
  ]);
});

// The week and all faults are `npm run replay`, in ten minutes. These tests show whether the replay itself works.
test('an outage is found in time, and a blip pages nobody', async (context) => {
  need('promtool', context);
  need('prometheus', context);
  const chosen = [...FAULTS, ...HARMLESS].filter(({ id }) => id === 'outage' || id === 'blip');
  const from = Math.min(...chosen.map(({ service }) => service.from));
  const to = Math.max(...chosen.map(({ service }) => service.to));
  const { sent } = await replay(
    chosen.map(({ service }) => service),
    { from, to },
    7,
  );
  const judged = chosen.map((fault) => judgeFault(fault, sent));
  expect(judged.map(({ fault, verdict }) => [fault.id, verdict])).toEqual([
    ['outage', 'found'],
    ['blip', 'quiet'],
  ]);
  expect(judged[0]!.answer!.labels).toMatchObject({ alertname: 'TidegateCircuitOpen', severity: 'critical' });
});
