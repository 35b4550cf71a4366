import type { MeterProvider } from '@opentelemetry/api';
import type { CallInfo, GuardEvent } from '../core/events.ts';
import type { Operation, ProviderName } from '../core/provider.ts';
import { BoundMeter } from './bound-meter.ts';
import { isFailure } from './call-result.ts';
import { isOneOf } from './contract/closed-set.ts';
import { DELAY_SOURCES } from './contract/closed-sets.ts';
import { add } from './counter-cells.ts';
import { cutReason } from './cut-answers.ts';
import { LabelCap } from './label-cap.ts';
import type { LaneSource } from './lane-gauges.ts';
import { bindMeter } from './meter-binding.ts';
import type { MetricSettings } from './metric-settings.ts';
import { registeredApi } from './otel-api.ts';
import { type Series, unguardedCell } from './series.ts';
import { errorTypeLabel, statusLabel } from './status.ts';
import { tierLabel } from './tiers.ts';

// Minimum of the caps, whatever `maxModels` is: a lane is a model and an account.
const MAX_BULKHEADS = 20;
const MAX_CIRCUITS = 50;

interface LastSeries {
  readonly bound: BoundMeter;
  readonly provider: ProviderName;
  readonly model: string | undefined;
  readonly operation: Operation;
  readonly series: Series;
}

/** Turns events into metrics. May throw what a meter throws; the caller guards. */
export class MetricRecorder {
  readonly #settings: MetricSettings;
  readonly #source: LaneSource;
  readonly #models: LabelCap;
  readonly #circuits: LabelCap;
  readonly #providers = new Set<ProviderName>();
  #provider: MeterProvider | undefined;
  #bound: BoundMeter | undefined;
  #last: LastSeries | undefined;
  #closed = false;

  constructor(settings: MetricSettings) {
    this.#settings = settings;
    const models = new LabelCap(settings.maxModels, settings.models);
    const bulkheads = new LabelCap(Math.max(MAX_BULKHEADS, settings.maxModels));
    const circuits = new LabelCap(Math.max(MAX_CIRCUITS, settings.maxModels));
    this.#models = models;
    this.#circuits = circuits;
    this.#source = {
      lanes: settings.lanes,
      runs: settings.runs,
      attributes: settings.attributes,
      modelLabel: (group) => models.label(group),
      bulkheadLabel: (lane) => bulkheads.label(lane),
      circuitLabel: (lane) => circuits.label(lane),
    };
  }

  /** Binds to the current meter provider if it has changed. */
  bind(): BoundMeter | undefined {
    const provider = this.#settings.meterProvider ?? registeredApi().metrics;
    if (provider === this.#provider || this.#closed) return this.#bound;
    // Remembered first: a provider that throws is asked once, not at every call.
    this.#provider = provider;
    this.#bound?.meter.removeSource(this.#source);
    this.#bound = undefined;
    if (!provider) return undefined;
    const meter = bindMeter(provider, this.#settings.report);
    if (!meter) return undefined;
    meter.addSource(this.#source);
    this.#bound = new BoundMeter(meter, this.#settings);
    for (const known of this.#providers) this.#bound.prepare(known, this.#models);
    return this.#bound;
  }

  get recording(): boolean {
    return this.#bound !== undefined;
  }

  get timesChunks(): boolean {
    return this.#settings.detailed && this.bind() !== undefined;
  }

  /** Creates the zero series of the configured models for a provider that calls may go to. */
  prepare(provider: ProviderName): void {
    if (this.#providers.has(provider)) return;
    this.#providers.add(provider);
    this.bind()?.prepare(provider, this.#models);
  }

  onEvent(event: GuardEvent): void {
    // A provider that is registered during a call takes effect with the next one.
    const bound = 'call' in event && event.type !== 'call.start' ? this.#bound : this.bind();
    if (!bound) return;
    switch (event.type) {
      case 'call.start':
        this.prepare(event.call.provider);
        this.#series(bound, event.call);
        // Consecutive calls usually have the same lane.
        if (bound.startedLane === event.call.lane) return;
        bound.startedLane = event.call.lane;
        bound.transitions(event.call.provider, this.#circuits.label(event.call.lane));
        return;
      case 'admitted':
      case 'not_admitted':
        bound.waited(
          Math.max(0, event.waitedMs) / 1_000,
          this.#series(bound, event.call).wait(event.stage, event.cause, event.call.priority),
        );
        return;
      case 'attempt.end': {
        const series = this.#series(bound, event.call);
        add(series.attempts.get(statusLabel(event.status)), 1);
        // An abort by the caller says nothing about how long the provider takes.
        if (event.outcome === 'cancelled') return;
        bound.attemptDuration.record(event.durationMs / 1_000, series.base);
        return;
      }
      case 'attempt.spent':
        if (event.costUsd !== undefined) this.#series(bound, event.call).addCost(event.costUsd, 'failures');
        return;
      case 'rate_limited': {
        const { rejections } = this.#series(bound, event.call);
        add(rejections.get(event.dimension) ?? rejections.get('unknown'), 1);
        return;
      }
      case 'retry': {
        const series = this.#series(bound, event.call);
        add(series.retries.get(event.reason) ?? series.retries.get('other'), 1);
        const source = isOneOf(DELAY_SOURCES, event.delaySource) ? event.delaySource : 'backoff';
        bound.retryDelay.record(Math.max(0, event.delayMs) / 1_000, series.delay(source));
        return;
      }
      case 'stream.first_chunk':
        bound.firstChunk(event, this.#series(bound, event.call));
        return;
      case 'stream.chunk':
        bound.genAi?.furtherChunk(event, this.#series(bound, event.call));
        return;
      case 'stream.end':
        add(this.#series(bound, event.call).streams.get(event.outcome), 1);
        return;
      case 'call.end':
        this.#ended(bound, event);
        return;
      case 'settled':
        this.#series(bound, event.call).addEstimate(
          event.dimension === 'input_tokens' ? 'input' : 'output',
          event.estimated,
        );
        return;
      case 'circuit':
        add(bound.transitions(event.provider, this.#circuits.label(event.lane)).get(event.state), 1);
        return;
      case 'repeated':
        add(this.#series(bound, event.call).repeated.get(event.layer), 1);
        return;
      case 'unguarded':
        add(unguardedCell(bound.meter, this.#settings.attributes, event.provider, event.via), 1);
        return;
      case 'hits.lost':
        add(bound.meter.counter('tidegate.hits.lost_lines').cell(this.#settings.attributes), event.lines);
        return;
      case 'shared.exchange':
        bound.fleet.exchanged(event.durationMs, event.fault);
        return;
      case 'queued':
      case 'attempt.start':
      case 'give_up':
      case 'pause':
      case 'limit':
      case 'shared.mode':
      case 'warning':
        return;
    }
  }

  shutdown(): void {
    this.#closed = true;
    this.#bound?.meter.removeSource(this.#source);
  }

  #series(bound: BoundMeter, call: CallInfo): Series {
    const { provider, model, operation } = call;
    const last = this.#last;
    // Consecutive calls are usually of the same kind, and comparing three strings is cheaper than building a key.
    if (last?.bound === bound && last.model === model && last.provider === provider && last.operation === operation) {
      return last.series;
    }
    const series = bound.series(provider, this.#models.label(model), operation);
    this.#last = { bound, provider, model, operation, series };
    return series;
  }

  #ended(bound: BoundMeter, event: Extract<GuardEvent, { type: 'call.end' }>): void {
    const { call, outcome, usage } = event;
    const series = this.#series(bound, call);
    add(series.calls.get(outcome), 1);
    const errorType = isFailure(outcome) ? errorTypeLabel(event.errorType) : undefined;
    if (errorType !== undefined) add(series.error(errorType), 1);
    bound.callDuration.record(event.durationMs / 1_000, series.base);
    bound.genAi?.ended(event, errorType, series);
    if (event.costUsd !== undefined) {
      series.addCost(event.costUsd, isFailure(outcome) || outcome === 'cancelled' ? 'failures' : 'answers');
    }
    if (!isFailure(outcome) && outcome !== 'cancelled') answered(series, event);
    if (!usage) return;
    series.addTokens('input', usage.inputTokens);
    series.addTokens('cache_read', usage.cacheReadTokens);
    series.addTokens('cache_write', usage.cacheWriteTokens);
    series.addTokens('output', usage.outputTokens);
    series.addTokens('reasoning', usage.reasoningTokens);
  }
}

/** Metrics of a received answer. */
function answered(series: Series, { call, response }: Extract<GuardEvent, { type: 'call.end' }>): void {
  const cut = cutReason(response.finishReasons);
  if (cut !== undefined) series.cut(cut);
  const asked = tierLabel(call.tier);
  const served = tierLabel(response.serviceTier);
  if (asked !== undefined && served !== undefined) series.tier(asked, served);
}
