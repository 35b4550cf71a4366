import { METRICS, type Metric, type MetricName } from '../../ops/metrics.ts';
import { familyName } from '../../ops/naming.ts';

export type Labels = Readonly<Record<string, string>>;

interface Cell {
  /** Name and labels as the text format has them. */
  readonly series: string;
  value: number;
}

interface Histogram {
  readonly bounds: readonly number[];
  /** One more than bounds: the last has no bound. */
  readonly counts: number[];
  readonly buckets: readonly string[];
  readonly sumSeries: string;
  readonly countSeries: string;
  sum: number;
  count: number;
}

/** The exports of one process: every series that it has touched since it started, as a scrape would read it. */
export class Registry {
  readonly #common: Labels;
  readonly #cells = new Map<string, Cell>();
  readonly #histograms = new Map<string, Histogram>();

  constructor(common: Labels) {
    this.#common = common;
  }

  /** Counts, from zero. */
  add(name: MetricName, labels: Labels, amount: number): void {
    this.#cell(name, labels).value += amount;
  }

  set(name: MetricName, labels: Labels, value: number): void {
    this.#cell(name, labels).value = value;
  }

  /** Removes what is no longer known. */
  drop(name: MetricName, labels: Labels): void {
    this.#cells.delete(name + keyOf(labels));
  }

  observe(name: MetricName, labels: Labels, bounds: readonly number[], value: number, times = 1): void {
    const histogram = this.#histogram(name, labels, bounds);
    let slot = 0;
    while (slot < bounds.length && value > bounds[slot]!) slot += 1;
    histogram.counts[slot]! += times;
    histogram.sum += value * times;
    histogram.count += times;
  }

  /** Appends one line per sample. */
  scrape(lines: string[], atSeconds: number): void {
    for (const { series, value } of this.#cells.values()) lines.push(`${series} ${round(value)} ${atSeconds}`);
    for (const { buckets, counts, sumSeries, countSeries, sum, count } of this.#histograms.values()) {
      let cumulative = 0;
      for (let slot = 0; slot < buckets.length; slot += 1) {
        cumulative += counts[slot]!;
        lines.push(`${buckets[slot]!} ${cumulative} ${atSeconds}`);
      }
      lines.push(`${sumSeries} ${round(sum)} ${atSeconds}`, `${countSeries} ${count} ${atSeconds}`);
    }
  }

  #cell(name: MetricName, labels: Labels): Cell {
    const key = name + keyOf(labels);
    let cell = this.#cells.get(key);
    if (!cell) this.#cells.set(key, (cell = { series: this.#render(name, '', labels), value: 0 }));
    return cell;
  }

  #histogram(name: MetricName, labels: Labels, bounds: readonly number[]): Histogram {
    const key = name + keyOf(labels);
    let histogram = this.#histograms.get(key);
    if (!histogram) {
      histogram = {
        bounds,
        counts: Array.from({ length: bounds.length + 1 }, () => 0),
        buckets: [...bounds.map(String), '+Inf'].map((le) => this.#render(name, '_bucket', { ...labels, le })),
        sumSeries: this.#render(name, '_sum', labels),
        countSeries: this.#render(name, '_count', labels),
        sum: 0,
        count: 0,
      };
      this.#histograms.set(key, histogram);
    }
    return histogram;
  }

  #render(name: MetricName, suffix: string, labels: Labels): string {
    const metric: Metric = METRICS[name];
    return familyName(name, metric) + suffix + renderLabels({ ...this.#common, ...labels });
  }
}

export function renderLabels(labels: Labels): string {
  const pairs = Object.entries(labels).map(([key, value]) => `${key.replaceAll('.', '_')}=${JSON.stringify(value)}`);
  return `{${pairs.join(',')}}`;
}

function keyOf(labels: Labels): string {
  let key = '';
  for (const value of Object.values(labels)) key += `\u0000${value}`;
  return key;
}

function round(value: number): number {
  return Math.round(value * 1e6) / 1e6;
}
