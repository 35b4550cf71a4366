import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { type Firing, secondsOf } from './evaluate.ts';

interface InhibitRule {
  readonly source_matchers: readonly string[];
  readonly target_matchers: readonly string[];
  readonly equal: readonly string[];
}

interface Config {
  readonly route: {
    readonly group_wait: string;
    readonly group_interval: string;
    readonly group_by: readonly string[];
    readonly routes: readonly {
      readonly matchers: readonly string[];
      readonly group_wait?: string;
      readonly group_interval?: string;
    }[];
  };
  readonly inhibit_rules: readonly InhibitRule[];
}

type Labels = Firing['labels'];

/** Prometheus sends its alerts once per evaluation. */
const STEP = 15;

/** A delivered alert: the first time that it fired and was not inhibited. */
export interface Notification {
  readonly labels: Labels;
  /** Second of the week at which Alertmanager sends it. */
  readonly at: number;
  /** Whether its group was already firing with another alert: no one is paged twice. */
  readonly update: boolean;
}

/**
 * Alerts that the shipped configuration of Alertmanager delivers, one for each that is not inhibited throughout. An
 * alert that joins a firing group is sent with the group's next message.
 */
export function notifications(firings: readonly Firing[]): Notification[] {
  const path = join(import.meta.dirname, '../../prometheus/alertmanager.yml');
  const { route, inhibit_rules: rules } = parse(readFileSync(path, 'utf8')) as Config;
  const sent: (Notification & { readonly until: number; readonly group: string })[] = [];
  const free = firings.flatMap((firing) => {
    const own = route.routes.find(({ matchers }) => matchers.every((matcher) => matches(matcher, firing.labels)));
    const wait = secondsOf(own?.group_wait ?? route.group_wait);
    const at = firstFree(firing, firings, rules, wait);
    const group = JSON.stringify([firing.labels['severity'], ...route.group_by.map((label) => firing.labels[label])]);
    const interval = secondsOf(own?.group_interval ?? route.group_interval);
    return at === undefined ? [] : [{ labels: firing.labels, at, until: firing.to, group, interval }];
  });
  for (const { interval, ...each } of free.toSorted((a, b) => a.at - b.at)) {
    const open = sent.filter(
      ({ group, at, until }) => group === each.group && at <= each.at && each.at < until + interval,
    );
    const first = open.find(({ update }) => !update) ?? open[0];
    const at = first === undefined ? each.at : first.at + Math.ceil((each.at - first.at) / interval) * interval;
    sent.push({ ...each, at, update: first !== undefined });
  }
  return sent;
}

/** The first moment after its group's wait at which it fires and is not inhibited. */
function firstFree(
  firing: Firing,
  all: readonly Firing[],
  rules: readonly InhibitRule[],
  wait: number,
): number | undefined {
  const sources = all.filter((source) => source !== firing && rules.some((rule) => inhibits(rule, source, firing)));
  for (let at = firing.from + wait; at < firing.to; at += STEP) {
    if (!sources.some((source) => source.from <= at && at < source.to)) return at;
  }
  // An alert that ends during its group's wait is sent as well, unless it was inhibited.
  const kept = sources.some((source) => source.from <= firing.to && firing.from < source.to);
  return firing.to <= firing.from + wait && !kept ? firing.from + wait : undefined;
}

function inhibits(rule: InhibitRule, { labels: source }: Firing, { labels: target }: Firing): boolean {
  return (
    rule.source_matchers.every((matcher) => matches(matcher, source)) &&
    rule.target_matchers.every((matcher) => matches(matcher, target)) &&
    rule.equal.every((label) => (source[label] ?? '') === (target[label] ?? ''))
  );
}

function matches(matcher: string, labels: Labels): boolean {
  const [, label, operator, value] = /^(\w+)(=~|=)"(.*)"$/.exec(matcher) ?? [];
  if (label === undefined) throw new Error(`Expected a matcher of a kind that is used here, got ${matcher}`);
  const own = labels[label] ?? '';
  return operator === '=' ? own === value : new RegExp(`^(?:${value})$`).test(own);
}
