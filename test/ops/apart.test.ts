import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { BY_CIRCUIT, BY_JOB, BY_MODEL } from '../../ops/alert.ts';
import { readConfig, ruleOptions } from '../../ops/config.ts';
import { ruleGroups } from '../../ops/rules.ts';
import { allPanels, loadDashboards } from './dashboard-json.ts';
import { aggregationsIn, joinsIn, seriesIn } from './promql.ts';
import { ROOT } from './tools.ts';

/**
 * A job of the same name in another cluster or namespace is another job, and its account another account. A query that
 * keeps these labels in every aggregation and every join cannot mix the two, whatever their values are: vectors joined
 * without a modifier match on all labels.
 */

const PLACE = BY_JOB.split(', ');
const ALL = ruleGroups(ruleOptions(readConfig({ thresholds: { cost: { budgetUsdPerDay: 100 } } }))).flatMap(
  // Whether anything reports at all is asked of all jobs together.
  ({ rules }) => rules.filter(({ alert }) => alert !== 'TidegateTelemetryAbsent'),
);

const lacks = (labels: readonly string[], wanted = PLACE): boolean => wanted.some((label) => !labels.includes(label));

function mixing(expr: string): string[] {
  return [
    ...aggregationsIn(expr).flatMap(({ operator, by, of }) => (lacks(by) ? [`${operator} of ${of}`] : [])),
    ...joinsIn(expr).flatMap((on) => (lacks(on) ? [`on (${on.join(', ')})`] : [])),
  ];
}

describe('a job is kept apart from others of the same name', () => {
  test.each(ALL.map((rule, index) => [rule.record ?? rule.alert!, index, rule.expr] as const))(
    'by %s, rule %i',
    (_, __, expr) => {
      expect(mixing(expr)).toEqual([]);
    },
  );

  test('by every query of a text', () => {
    const texts = ALL.flatMap(({ annotations }) => annotations?.description ?? []);
    const queries = texts.flatMap((text) => [...text.matchAll(/printf `([^`]+)`/g)].map(([, query]) => query!));
    expect(queries.length).toBeGreaterThan(20);
    const selected = queries.flatMap((query) => seriesIn(query));
    expect(selected.length).toBeGreaterThan(queries.length);
    expect(selected.filter(({ labels }) => lacks(labels))).toEqual([]);
  });

  test.each([
    'sum by (job) (x)',
    'sum without (instance) (x)',
    'max(x)',
    'sum by (cluster, namespace, job) (a) / on (job) sum by (cluster, namespace, job) (b)',
    'a and ignoring (instance) b',
    'max by (cluster, namespace, job) (sum by (job) (x{a="sum by (cluster, namespace, job) ("}))',
  ])('an expression that would mix jobs is detected: %s', (expr) => {
    expect(mixing(expr)).not.toEqual([]);
  });
});

test('accounts do not inhibit one another', () => {
  const text = readFileSync(join(ROOT, 'prometheus/alertmanager.yml'), 'utf8');
  const { inhibit_rules: rules } = parse(text) as { inhibit_rules: { equal: string[] }[] };
  expect(rules.length).toBeGreaterThan(10);
  const wanted = (equal: string[]): string[] =>
    equal.includes('gen_ai_provider_name') ? [...PLACE, 'tidegate_client'] : PLACE;
  expect(rules.filter(({ equal }) => lacks(equal, wanted(equal)))).toEqual([]);
});

/** Series that belong to an account or a lane: mixing two of them is meaningless. */
const OF_ONE_ACCOUNT = /^tidegate_(?:limit_utilization|ratelimit_(?:limit|remaining|reset)|pacer_rate)/;
const WITH_INSTANCE = ['cluster', 'namespace', 'job', 'instance'];

const QUERIES = loadDashboards().flatMap((board) =>
  allPanels(board)
    .filter(({ type }) => type !== 'row')
    .flatMap(({ title, targets }) => targets.map(({ expr }) => [board.uid, title, expr] as const)),
);

/** Each series of an expression, with the labels that the innermost aggregation around it keeps. */
function innermost(expr: string): { readonly name: string; readonly by: readonly string[] }[] {
  const aggregations = aggregationsIn(expr);
  return aggregations
    .filter(({ of }) => aggregationsIn(of).length === 0)
    .flatMap(({ by, of }) => seriesIn(of).map(({ name }) => ({ name, by })));
}

describe('dashboards', () => {
  test('select cluster, namespace and job in every query', () => {
    const wrong = QUERIES.flatMap(([uid, title, expr]) =>
      seriesIn(expr)
        .filter(({ name, labels }) =>
          lacks(labels, /^(?:tidegate:|ALERTS(?:_FOR_STATE)?$)/.test(name) ? PLACE : WITH_INSTANCE),
        )
        .map(({ name }) => `${uid}, ${title}: ${name}`),
    );
    expect(wrong).toEqual([]);
  });

  test('never join jobs', () => {
    const joins = QUERIES.flatMap(([uid, title, expr]) => joinsIn(expr).map((on) => ({ uid, title, on })));
    expect(joins.length).toBeGreaterThan(2);
    // A share of a total: everything selected, over everything selected.
    expect(joins.filter(({ on }) => on.join() !== '' && lacks(on))).toEqual([]);
  });

  test('never mix the limits of two accounts', () => {
    const found = QUERIES.flatMap(([uid, title, expr]) =>
      innermost(expr)
        .filter(({ name }) => OF_ONE_ACCOUNT.test(name))
        .map(({ name, by }) => ({ at: `${uid}, ${title}: ${name}`, by })),
    );
    expect(found.length).toBeGreaterThan(20);
    expect(found.filter(({ by }) => lacks(by, BY_MODEL.split(', ')))).toEqual([]);
  });

  test('count the circuits of each account', () => {
    const open = QUERIES.filter(([, title]) => title === 'Circuits open').flatMap(([, , expr]) => innermost(expr));
    expect(open).toEqual([{ name: 'tidegate_circuit_state', by: BY_CIRCUIT.split(', ') }]);
  });

  test("use the metric name of each job's transport", () => {
    const other = QUERIES.filter(([uid, , expr]) => uid === 'tidegate-gen-ai' && / or sum by/.test(expr));
    expect(other.length).toBeGreaterThan(10);
    expect(other.flatMap(([, , expr]) => innermost(expr)).filter(({ by }) => lacks(by))).toEqual([]);
  });
});
