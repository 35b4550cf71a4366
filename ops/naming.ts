import { METRICS, type Metric, type MetricName } from './metrics.ts';

export type HistogramPart = 'bucket' | 'sum' | 'count';

/**
 * Writes one series selector: `series('tidegate.calls', 'tidegate_outcome="success"')`.
 * Histograms need a part. @throws Error when a part is missing or out of place.
 */
export type Series = (name: MetricName, matchers?: string, part?: HistogramPart) => string;

/** @param matchers Label matchers that every selector gets, without braces. */
export function createSeries(matchers = ''): Series {
  return (name, own = '', part) => {
    const all = [matchers, own].filter((each) => each !== '').join(',');
    return seriesName(name, part) + (all === '' ? '' : `{${all}}`);
  };
}

export function seriesName(name: MetricName, part?: HistogramPart): string {
  const metric: Metric = METRICS[name];
  if ((metric.instrument === 'histogram') !== (part !== undefined)) {
    throw new Error(`Expected a histogram with a part or another instrument without one, got ${name} ${part}`);
  }
  const family = familyName(name, metric);
  return part === undefined ? family : `${family}_${part}`;
}

/**
 * Name of the metric family in Prometheus, on every way there: the JavaScript Prometheus exporter adds no unit, the
 * OTLP receiver and the Collector add it if the name has none. Therefore names contain their units.
 */
export function familyName(name: string, metric: Pick<Metric, 'instrument'>): string {
  const tokens = name.split(/[^a-zA-Z0-9]+/).filter((token) => token !== '');
  return [...tokens, ...(metric.instrument === 'counter' && tokens.at(-1) !== 'total' ? ['total'] : [])].join('_');
}
