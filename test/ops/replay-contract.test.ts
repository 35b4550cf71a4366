import { expect, test } from 'vitest';
import { METRICS, type MetricName } from '../../ops/metrics.ts';
import { familyName } from '../../ops/naming.ts';
import { ruleGroups } from '../../ops/rules.ts';
import { FAULTS, HARMLESS } from '../../tools/replay/faults.ts';
import { Service, type ServiceSpec } from '../../tools/replay/service.ts';
import { DAY, HOUR, ordinaryWeek } from '../../tools/replay/week.ts';

/** Labels by family of all series of these services between two seconds of the week. */
function scraped(specs: readonly ServiceSpec[], from: number, to: number): Map<string, Set<string>> {
  const found = new Map<string, Set<string>>();
  const services = specs.map((spec) => new Service(spec, 1));
  for (let at = from; at <= to; at += 1) {
    const lines: string[] = [];
    for (const service of services) service.step(at, lines, 0, true);
    for (const line of lines) {
      const [, name, labels] = /^(\w+)\{(.*)\} \S+ \d+$/.exec(line)!;
      const family = name!.replace(/_(?:bucket|sum|count)$/, '');
      const known = found.get(family) ?? new Set();
      for (const [, label] of labels!.matchAll(/(\w+)="/g)) known.add(label!);
      found.set(family, known);
    }
  }
  return found;
}

/** Metrics that a healthy day lacks, with the reason. */
const ONLY_IN_FAULTS: ReadonlySet<MetricName> = new Set([]);

const ordinary = (() => {
  const week = ordinaryWeek(1);
  const night = scraped(week, 0.9 * HOUR, 1.2 * HOUR);
  // A working afternoon in which a script runs by hand, and a night in which a disk is full.
  const parts = [
    scraped(week, 4 * DAY + 15.9 * HOUR, 4 * DAY + 16.1 * HOUR),
    scraped(week, 6 * DAY + 2 * HOUR, 6 * DAY + 2.1 * HOUR),
  ];
  for (const [family, labels] of parts.flatMap((part) => [...part])) {
    night.set(family, new Set([...(night.get(family) ?? []), ...labels]));
  }
  return night;
})();

test.each(Object.entries(METRICS).filter(([name]) => !ONLY_IN_FAULTS.has(name as MetricName)))(
  "the replayed week has %s with the contract's labels",
  (name, metric) => {
    const labels = ordinary.get(familyName(name, metric));
    expect(labels, `${name} is not generated`).toBeDefined();
    const where = new Set(['cluster', 'namespace', 'job', 'instance', 'le']);
    const own = [...labels!].filter((label) => !where.has(label));
    expect(own.toSorted()).toEqual(metric.attributes.map((each) => each.replaceAll('.', '_')).toSorted());
  },
);

/** Alerts without a fault in the replay, with the reason. */
const NOT_REPLAYED: Readonly<Record<string, string>> = {
  TidegateWatchdog: 'fires always',
  TidegateTelemetryAbsent: 'fires where nothing at all reports; the replay has several jobs',
  TidegateCostOverBudget: 'not there unless a budget is configured',
};

test('every alert is expected for a fault of the replay, or its absence is explained', () => {
  const alerts = ruleGroups().flatMap(({ rules }) => rules.flatMap((rule) => rule.alert ?? []));
  const expected = new Set<string>([...FAULTS, ...HARMLESS].flatMap((fault) => fault.expected));
  const missing = [...new Set(alerts)].filter((alert) => !expected.has(alert) && !(alert in NOT_REPLAYED));
  expect(missing, 'add a fault to the replay, or a reason to NOT_REPLAYED').toEqual([]);
  expect(Object.keys(NOT_REPLAYED).filter((alert) => expected.has(alert))).toEqual([]);
});
