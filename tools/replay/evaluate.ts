import type { RenderedRule, RuleGroup } from '../../ops/rendered-rule.ts';
import { ruleGroups } from '../../ops/rules.ts';
import { queryRange, type Series } from '../stack/query.ts';
import { type BlockWriter, EPOCH } from './generate.ts';
import { renderLabels } from './registry.ts';

/** An alert that fired, in seconds of the week. */
export interface Firing {
  readonly labels: Readonly<Record<string, string>>;
  readonly from: number;
  readonly to: number;
}

export interface Span {
  readonly from: number;
  readonly to: number;
}

/** `evaluation_interval` of the shipped configuration, and the interval of recording groups. */
const ALERT_STEP = 15;
const RECORD_STEP = 30;
/** Prometheus answers with at most 11,000 points a series. */
const MAX_POINTS = 10_000;

const UNIT: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600, d: 86_400 };

export function secondsOf(duration: string): number {
  return Number(duration.slice(0, -1)) * UNIT[duration.at(-1)!]!;
}

/** Recording rules in an order in which each reads only earlier ones. */
export function levels(groups: readonly RuleGroup[]): RenderedRule[][] {
  let left = groups.flatMap(({ rules }) => rules.filter((rule) => rule.record !== undefined));
  const found: RenderedRule[][] = [];
  while (left.length > 0) {
    const names = left.map((rule) => rule.record!);
    const reads = (rule: RenderedRule): boolean =>
      names.some((name) => new RegExp(`(?<![\\w:])${name}(?![\\w:])`).test(rule.expr));
    const level = left.filter((rule) => !reads(rule));
    if (level.length === 0) throw new Error(`Expected no circle among ${names.join(', ')}`);
    found.push(level);
    left = left.filter((rule) => !level.includes(rule));
  }
  return found;
}

/**
 * Evaluates the recording rules of a level over a span and writes their results. A group runs every 30 s and its values
 * hold until the next run; alerts may read them that much later. `evaluated` says when Prometheus was running.
 */
export async function record(
  url: string,
  level: readonly RenderedRule[],
  span: Span,
  evaluated: (at: number) => boolean,
  writer: BlockWriter,
): Promise<void> {
  const recorded = new Map<string, (readonly [at: number, value: string])[]>();
  for (const { record: name, expr, labels = {} } of level) {
    for (const { metric, values } of await range(url, expr, span, RECORD_STEP)) {
      const { __name__: _, ...own } = metric;
      const series = name! + renderLabels({ ...own, ...labels });
      // Series that differ only in their name become one when recorded.
      recorded.set(series, [...(recorded.get(series) ?? []), ...values]);
    }
  }
  const blocks = new Map<number, string[]>();
  for (const [series, values] of recorded) {
    for (const [at, value] of values.toSorted(([a], [b]) => a - b)) {
      if (!evaluated(at - EPOCH)) continue;
      for (const later of [at, at + ALERT_STEP]) {
        const block = Math.floor(later / 7_200);
        let lines = blocks.get(block);
        if (!lines) blocks.set(block, (lines = []));
        lines.push(`${series} ${value} ${later}`);
      }
    }
  }
  for (const [, lines] of [...blocks].toSorted(([a], [b]) => a - b)) await writer.write(lines);
}

/** Everything that fired within a span, as Prometheus's rule manager would have it. */
export async function firings(url: string, span: Span, evaluated: (at: number) => boolean): Promise<Firing[]> {
  const rules = ruleGroups().flatMap((group) => group.rules.filter((rule) => rule.alert));
  const found: Firing[] = [];
  for (const rule of rules) {
    for (const { metric, values } of await range(url, rule.expr, span, ALERT_STEP)) {
      const { __name__: _, ...own } = metric;
      const labels = { ...own, ...rule.labels, alertname: rule.alert! };
      const times = values.map(([at]) => at - EPOCH).filter((at) => evaluated(at));
      found.push(...firingsOf(rule, times).map((firing) => ({ labels, ...firing })));
    }
  }
  return found.toSorted((a, b) => a.from - b.from);
}

/**
 * When an alert fires whose expression has a value at these times, a step apart. It is pending for the duration of
 * `for`, and continues for `keep_firing_for` after the last value.
 */
export function firingsOf(rule: Pick<RenderedRule, 'for' | 'keep_firing_for'>, times: readonly number[]): Span[] {
  const wait = secondsOf(rule.for ?? '0s');
  const keep = secondsOf(rule.keep_firing_for ?? '0s');
  const found: { from: number; to: number }[] = [];
  let active: number | undefined;
  let last = -Infinity;
  for (const at of times) {
    const firing = found.at(-1);
    const kept = firing !== undefined && at <= firing.to;
    if (at - last > ALERT_STEP && !kept) active = undefined;
    active ??= at;
    last = at;
    if (kept) firing.to = at + ALERT_STEP + keep;
    else if (at - active >= wait) found.push({ from: at, to: at + ALERT_STEP + keep });
  }
  return found;
}

/** A range query in as many parts as needed. */
async function range(url: string, expr: string, { from, to }: Span, step: number): Promise<Series[]> {
  const merged = new Map<string, { metric: Series['metric']; values: Series['values'][number][] }>();
  for (let start = from; start <= to; start += MAX_POINTS * step) {
    const end = Math.min(to, start + (MAX_POINTS - 1) * step);
    const part = await queryRange(url, expr, { from: EPOCH + start, to: EPOCH + end, stepSeconds: step });
    for (const { metric, values } of part) {
      const key = JSON.stringify(metric);
      const known = merged.get(key);
      if (known) known.values.push(...values);
      else merged.set(key, { metric, values: [...values] });
    }
  }
  return [...merged.values()];
}
