import type { Histogram } from '@opentelemetry/api';
import type { GuardEvent } from '../core/events.ts';
import type { ProviderName } from '../core/provider.ts';
import type { LabelsOf } from './contract/labels-of.ts';
import type { HistogramName } from './contract/metrics.ts';
import { add } from './counter-cells.ts';
import { FleetMetrics } from './fleet-metrics.ts';
import { GenAiMetrics } from './gen-ai-metrics.ts';
import type { LabelCap } from './label-cap.ts';
import type { MeterBinding } from './meter-binding.ts';
import type { MetricSettings } from './metric-settings.ts';
import { likelyOperation, mayServe } from './prepared-models.ts';
import { Series, transitionCells, type Waits } from './series.ts';

type Timer<N extends HistogramName> = Histogram<LabelsOf<N>>;

/** State of one meter: dropped as a whole when another provider is registered. */
export class BoundMeter {
  readonly meter: MeterBinding;
  readonly genAi: GenAiMetrics | undefined;
  readonly fleet: FleetMetrics;
  readonly attemptDuration: Timer<'tidegate.attempt.duration_seconds'>;
  readonly callDuration: Timer<'tidegate.call.duration_seconds'>;
  readonly retryDelay: Timer<'tidegate.retry.delay_seconds'>;
  /** Lane of the latest call; its series exist. */
  startedLane: string | undefined;
  readonly #firstChunk: Timer<'tidegate.stream.first_chunk_seconds'>;
  readonly #waitDuration: Timer<'tidegate.wait.duration_seconds'>;
  readonly #settings: MetricSettings;
  readonly #series = new Map<string, Series>();
  readonly #transitions = new Map<string, ReturnType<typeof transitionCells>>();

  constructor(meter: MeterBinding, settings: MetricSettings) {
    this.meter = meter;
    this.genAi = settings.genAi() ? new GenAiMetrics(meter, settings) : undefined;
    this.fleet = new FleetMetrics(meter, settings.attributes);
    this.callDuration = meter.histogram('tidegate.call.duration_seconds');
    this.#firstChunk = meter.histogram('tidegate.stream.first_chunk_seconds');
    this.attemptDuration = meter.histogram('tidegate.attempt.duration_seconds');
    this.retryDelay = meter.histogram('tidegate.retry.delay_seconds');
    this.#waitDuration = meter.histogram('tidegate.wait.duration_seconds');
    this.#settings = settings;
  }

  waited(seconds: number, { histogram, spent }: Waits): void {
    this.#waitDuration.record(seconds, histogram);
    add(spent, seconds);
  }

  firstChunk(event: Extract<GuardEvent, { type: 'stream.first_chunk' }>, series: Series): void {
    this.#firstChunk.record(event.sinceStartMs / 1_000, series.base);
    this.genAi?.firstChunk(event, series);
  }

  series(provider: string, model: string, operation: string): Series {
    const key = `${provider} ${operation} ${model}`;
    let series = this.#series.get(key);
    if (!series) {
      series = new Series(this.meter, this.#settings.attributes, provider, model, operation);
      if (this.#settings.priced) series.prepareCosts(this.meter);
      this.#series.set(key, series);
    }
    return series;
  }

  transitions(provider: string, circuit: string): ReturnType<typeof transitionCells> {
    const key = `${provider} ${circuit}`;
    let cells = this.#transitions.get(key);
    if (!cells) {
      cells = transitionCells(this.meter, this.#settings.attributes, provider, circuit);
      this.#transitions.set(key, cells);
    }
    return cells;
  }

  prepare(provider: ProviderName, models: LabelCap): void {
    for (const model of this.#settings.models) {
      if (mayServe(provider, model)) this.series(provider, models.label(model), likelyOperation(model));
    }
  }
}
