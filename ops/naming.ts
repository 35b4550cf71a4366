import { METRICS, type Metric, type MetricName } from './metrics.ts';

/**
 * Route that the metrics take into Prometheus. The JavaScript Prometheus exporter adds no unit suffix;
 * the OTLP receiver and the Collector do (translation strategy UnderscoreEscapingWithSuffixes).
 */
export type Naming = 'exporter' | 'otlp';

export const NAMINGS: readonly Naming[] = ['exporter', 'otlp'];

export type HistogramPart = 'bucket' | 'sum' | 'count';

/**
 * Writes one series selector: `series('tidegate.calls', 'tidegate_outcome="success"')`.
 * Histograms need a part. @throws Error when a part is missing or out of place.
 */
export type Series = (name: MetricName, matchers?: string, part?: HistogramPart) => string;

/** @param matchers Label matchers that every selector gets, without braces. */
export function createSeries(naming: Naming, matchers = ''): Series {
  return (name, own = '', part) => {
    const all = [matchers, own].filter((each) => each !== '').join(',');
    return seriesName(name, naming, part) + (all === '' ? '' : `{${all}}`);
  };
}

export function seriesName(name: MetricName, naming: Naming, part?: HistogramPart): string {
  const metric: Metric = METRICS[name];
  if ((metric.instrument === 'histogram') !== (part !== undefined)) {
    throw new Error(`Expected a histogram with a part or another instrument without one, got ${name} ${part}`);
  }
  const family = familyName(name, metric, naming);
  return part === undefined ? family : `${family}_${part}`;
}

/** Name of the metric family in Prometheus. */
export function familyName(name: string, metric: Metric, naming: Naming): string {
  const tokens = name.split(/[^a-zA-Z0-9]+/).filter((token) => token !== '');
  const suffixes = naming === 'otlp' ? unitSuffixes(metric, tokens) : [];
  const type = metric.instrument === 'counter' && tokens.at(-1) !== 'total' ? ['total'] : [];
  return [...tokens, ...suffixes, ...type].join('_');
}

const UNITS: Readonly<Record<string, string>> = {
  s: 'seconds',
  ms: 'milliseconds',
  By: 'bytes',
  '%': 'percent',
  '1': '',
};
const PER_UNITS: Readonly<Record<string, string>> = { s: 'second', m: 'minute', h: 'hour', d: 'day' };

/** Rules of Prometheus's OTLP translator: annotations in braces vanish, a gauge of unit 1 is a ratio. */
function unitSuffixes(metric: Metric, tokens: readonly string[]): string[] {
  const [main = '', per = ''] = metric.unit.split('/', 2);
  const suffixes: string[] = [];
  const mainSuffix = main.includes('{') ? '' : (UNITS[main] ?? main);
  if (mainSuffix !== '' && !tokens.includes(mainSuffix)) suffixes.push(mainSuffix);
  const perSuffix = per.includes('{') ? '' : (PER_UNITS[per] ?? per);
  if (perSuffix !== '' && !tokens.includes(perSuffix)) suffixes.push('per', perSuffix);
  if (metric.unit === '1' && metric.instrument === 'gauge' && !tokens.includes('ratio')) suffixes.push('ratio');
  return suffixes;
}
