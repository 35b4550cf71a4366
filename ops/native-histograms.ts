import { GEN_AI_SERIES } from './gen-ai-series.ts';
import { METRICS, type MetricName } from './metrics.ts';
import { familyName } from './naming.ts';
import type { RuleGroup } from './rendered-rule.ts';

/** How histograms are stored: a series for each bucket, or natively in one series. */
export type HistogramKind = 'buckets' | 'native';

export const HISTOGRAM_KINDS: readonly HistogramKind[] = ['buckets', 'native'];

const OWN = (Object.keys(METRICS) as MetricName[])
  .filter((name) => METRICS[name].instrument === 'histogram')
  .map((name) => familyName(name, METRICS[name]));
const COUNTERS = /_total$/;
const OF_ANY_EMITTER = Object.values(GEN_AI_SERIES)
  .flat()
  .filter((family) => !COUNTERS.test(family));
const FAMILY = [...OWN, ...OF_ANY_EMITTER].toSorted((a, b) => b.length - a.length).join('|');

/** `increase(x_count{...}[5m])`: the function, and which part it reads. */
const PART = new RegExp(String.raw`\b(rate|increase)\((${FAMILY})_(sum|count)(\{[^{}]*\})?(\[[^\]]+\])\)`, 'g');
const BUCKET = new RegExp(String.raw`\b(${FAMILY})_bucket\b`, 'g');

/** Rewrites PromQL, or a template with queries in it, to read native histograms. */
function inText(text: string): string {
  return text
    .replaceAll(PART, 'histogram_$3($1($2$4$5))')
    .replaceAll(BUCKET, '$1')
    .replaceAll(/, le\)/g, ')')
    .replaceAll(/ by \(le\) ?/g, ' ')
    .replaceAll('{__name__=~"gen_ai_.+_count"', '{__name__=~"gen_ai_.+_(duration|chunk|token|usage)(_seconds)?"');
}

export function nativeInRules(groups: readonly RuleGroup[], kind: HistogramKind): RuleGroup[] {
  if (kind === 'buckets') return [...groups];
  return groups.map((group) => ({
    ...group,
    rules: group.rules.map((rule) => ({
      ...rule,
      expr: inText(rule.expr),
      ...(rule.annotations && {
        annotations: { ...rule.annotations, description: inText(rule.annotations.description) },
      }),
    })),
  }));
}

const QUERIES: ReadonlySet<string> = new Set(['expr', 'definition', 'query']);

export function nativeInDashboard(json: string, kind: HistogramKind): string {
  if (kind === 'buckets') return json;
  const read: unknown = JSON.parse(json, (key, value: unknown) =>
    QUERIES.has(key) && typeof value === 'string' ? inText(value) : value,
  );
  return `${JSON.stringify(read, undefined, 2)}\n`;
}
