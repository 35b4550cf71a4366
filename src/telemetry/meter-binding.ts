import type { BatchObservableResult, Histogram, Meter, MeterProvider, ObservableGauge } from '@opentelemetry/api';
import { CounterCells, seriesKey, Tally } from './counter-cells.ts';
import type { LabelsOf } from './contract/labels-of.ts';
import type { CounterName, GaugeName, HistogramName } from './contract/metrics.ts';
import type { Point } from './gauge-points.ts';
import { gaugePoints, type LaneSource } from './lane-gauges.ts';
import { ALWAYS_COUNTED, GAUGES, optionsOf } from './instruments.ts';
import { SCOPE, VERSION } from './names.ts';
import type { FailureReport } from './failure-report.ts';

/** One meter's instruments, shared by all guards of the process: the SDK, too, keeps one series per label set. */
export class MeterBinding {
  readonly #meter: Meter;
  readonly #counters = new Map<CounterName, CounterCells>();
  readonly #histograms = new Map<HistogramName, Histogram>();
  readonly #gauges: ReadonlyMap<GaugeName, ObservableGauge>;
  readonly #tally = new Tally();
  readonly #sources = new Set<LaneSource>();
  readonly #report: FailureReport;
  #published = new Map<string, Point>();

  constructor(meter: Meter, report: FailureReport) {
    this.#meter = meter;
    this.#report = report;
    for (const name of ALWAYS_COUNTED) this.counter(name);
    const gauges = GAUGES.map((name) => [name, meter.createObservableGauge(name, optionsOf(name))] as const);
    this.#gauges = new Map(gauges);
    meter.addBatchObservableCallback(
      (result) => this.#observe(result),
      gauges.map(([, gauge]) => gauge),
    );
  }

  counter<N extends CounterName>(name: N): CounterCells<LabelsOf<N>> {
    let cells = this.#counters.get(name);
    if (!cells) {
      this.#counters.set(
        name,
        (cells = new CounterCells(this.#meter.createCounter(name, optionsOf(name)), this.#tally)),
      );
    }
    return cells;
  }

  histogram<N extends HistogramName>(name: N): Histogram<LabelsOf<N>> {
    let histogram = this.#histograms.get(name);
    if (!histogram) {
      histogram = this.#meter.createHistogram(name, optionsOf(name));
      this.#histograms.set(name, histogram);
    }
    return histogram;
  }

  /** Adds pending counts to the counters. */
  flush(): void {
    try {
      this.#tally.flush();
    } catch (error) {
      this.#report('recording metrics', error);
    }
  }

  addSource(source: LaneSource): void {
    this.#sources.add(source);
  }

  /** Stops publishing the lanes' gauges. Counters stay: pending counts must still be exported. */
  removeSource(source: LaneSource): void {
    this.#sources.delete(source);
    this.flush();
  }

  /** Called before the meter collects its instruments, counters included. */
  #observe(result: BatchObservableResult): void {
    this.flush();
    const current = new Map<string, Point>();
    for (const point of gaugePoints(this.#sources, (error) => this.#report('reading the lanes', error))) {
      current.set(`${point.gauge} ${seriesKey(point.attributes)}`, point);
      this.#emit(result, point, point.value);
    }
    // The SDK (3.1.0) goes on exporting the last value of a point that is no longer observed. An expired point
    // is therefore set to its rest value once; if the SDK drops unobserved points, it is gone at the next collection.
    for (const [key, point] of this.#published) {
      if (!current.has(key) && point.rest !== undefined) this.#emit(result, point, point.rest);
    }
    this.#published = current;
  }

  #emit(result: BatchObservableResult, point: Point, value: number): void {
    const gauge = this.#gauges.get(point.gauge);
    if (gauge) result.observe(gauge, value, point.attributes);
  }
}

const bindings = new WeakMap<MeterProvider, MeterBinding>();
/** Instruments of a provider; undefined if it is the no-op one. */
export function bindMeter(provider: MeterProvider, report: FailureReport): MeterBinding | undefined {
  let binding = bindings.get(provider);
  if (!binding) {
    const meter = provider.getMeter(SCOPE, VERSION);
    // The API's no-op meter, of an application that switches metrics off.
    if (meter.constructor.name === 'NoopMeter') return undefined;
    bindings.set(provider, (binding = new MeterBinding(meter, report)));
  }
  return binding;
}
