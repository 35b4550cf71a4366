import { metrics, trace, type Attributes, type MeterProvider as ApiMeterProvider } from '@opentelemetry/api';
import { PrometheusExporter, PrometheusSerializer } from '@opentelemetry/exporter-prometheus';
import {
  MeterProvider,
  type DataPoint,
  type Histogram,
  type MetricData,
  type ViewOptions,
} from '@opentelemetry/sdk-metrics';
import {
  InMemorySpanExporter,
  SimpleSpanProcessor,
  TracerProvider,
  type ReadableSpan,
  type Sampler,
} from '@opentelemetry/sdk-trace';
import type { CallInfo, GuardEvent } from '../../src/core/events.ts';
import type { DimensionSnapshot, LaneSnapshot } from '../../src/core/snapshot.ts';
import type { Usage } from '../../src/core/outcome.ts';
import type { TelemetryOptions } from '../../src/options/telemetry-options.ts';
import { createInstrumentation, type TelemetryInstrumentation } from '../../src/telemetry/instrumentation.ts';

export type EventOf<T extends GuardEvent['type']> = Extract<GuardEvent, { type: T }>;

let nextId = 1;

export function callInfo(over: Partial<CallInfo> = {}): CallInfo {
  return {
    id: nextId++,
    provider: 'openai',
    operation: 'chat',
    model: 'gpt-5.1',
    stream: false,
    priority: 'normal',
    lane: 'openai/gpt-5.1',
    serverAddress: 'api.openai.com',
    serverPort: 443,
    attributes: {},
    ...over,
  };
}

export const USAGE: Usage = {
  inputTokens: 100,
  outputTokens: 40,
  cacheReadTokens: 30,
  cacheWriteTokens: 20,
  reasoningTokens: 10,
};

export function attemptEnd(call: CallInfo, attempt: number, over: Partial<EventOf<'attempt.end'>> = {}): GuardEvent {
  return {
    type: 'attempt.end',
    call,
    attempt,
    outcome: 'ok',
    retryable: false,
    durationMs: 200,
    status: 200,
    code: undefined,
    requestId: `req_${attempt}`,
    ...over,
  };
}

export function callEnd(call: CallInfo, over: Partial<EventOf<'call.end'>> = {}): GuardEvent {
  return {
    type: 'call.end',
    call,
    outcome: 'success',
    durationMs: 250,
    attempts: 1,
    waitedPacerMs: 0,
    waitedBulkheadMs: 0,
    retryDelayMs: 0,
    errorType: undefined,
    usage: undefined,
    response: {},
    ...over,
  };
}

export function admitted(call: CallInfo, attempt: number, over: Partial<EventOf<'admitted'>> = {}): GuardEvent {
  return { type: 'admitted', call, attempt, stage: 'pacer', waitedMs: 0, cause: 'none', ...over };
}

/** The shortest call that succeeds. */
export function successfulCall(call: CallInfo): GuardEvent[] {
  return [
    { type: 'call.start', call },
    admitted(call, 1),
    { type: 'attempt.start', call, attempt: 1 },
    attemptEnd(call, 1),
    callEnd(call, { usage: USAGE }),
  ];
}

export function dimension(over: Partial<DimensionSnapshot> = {}): DimensionSnapshot {
  return {
    dimension: 'requests',
    limit: 100,
    remaining: 40,
    resetMs: 30_000,
    windowMs: 60_000,
    source: 'header',
    observedAgeMs: 2_000,
    ratePerSecond: 1.5,
    ...over,
  };
}

export function lane(over: Partial<LaneSnapshot> = {}): LaneSnapshot {
  return {
    lane: 'openai/gpt-5.1',
    provider: 'openai',
    group: 'gpt-5.1',
    baseURL: 'https://api.openai.com/v1',
    dimensions: [],
    inFlight: 3,
    maxConcurrent: 500,
    queued: 7,
    oldestWaitMs: 0,
    waiting: { urgent: 7, busiestTenant: undefined, busiestShare: 0 },
    maxQueued: 1_000,
    pausedForMs: 0,
    circuit: 'closed',
    counts: { calls: 0, succeeded: 0, failed: 0, attempts: 0, retries: 0, throttled: 0 },
    ...over,
  };
}

/** A real SDK in memory: spans at once, metrics as a Prometheus reader collects them. */
export class Harness {
  readonly reader = new PrometheusExporter({ preventServerStart: true });
  readonly meterProvider: MeterProvider;
  readonly tracerProvider: TracerProvider;
  readonly exporter = new InMemorySpanExporter();
  lanes: LaneSnapshot[] = [];
  readonly instrumentation: TelemetryInstrumentation;

  constructor(options: TelemetryOptions = {}, sampler?: Sampler, views: ViewOptions[] = []) {
    this.meterProvider = new MeterProvider({ readers: [this.reader], views });
    this.tracerProvider = new TracerProvider({
      spanProcessors: [new SimpleSpanProcessor({ exporter: this.exporter })],
      ...(sampler ? { sampler } : {}),
    });
    this.instrumentation = this.another(options);
  }

  /** Another guard's instrumentation on the same SDK. */
  another(
    options: TelemetryOptions = {},
    lanes: () => readonly LaneSnapshot[] = () => this.lanes,
  ): TelemetryInstrumentation {
    const { meterProvider, tracerProvider } = this;
    return createInstrumentation(
      { meterProvider: meterProvider as ApiMeterProvider, tracerProvider, ...options },
      { lanes },
    );
  }

  play(...events: GuardEvent[]): void {
    for (const event of events) this.instrumentation.onEvent(event);
  }

  /** Finished spans, in the order in which they ended. */
  get spans(): ReadableSpan[] {
    return this.exporter.getFinishedSpans();
  }

  span(name: string): ReadableSpan {
    const found = this.spans.filter((span) => span.name === name);
    if (found.length !== 1) throw new Error(`Expected one span ${name}, got ${found.length}`);
    return found[0]!;
  }

  async collect(): Promise<Map<string, MetricData>> {
    const { resourceMetrics, errors } = await this.reader.collect();
    if (errors.length > 0) throw new AggregateError(errors);
    return new Map(
      resourceMetrics.scopeMetrics.flatMap(({ metrics: all }) => all.map((metric) => [metric.descriptor.name, metric])),
    );
  }

  async scrape(): Promise<string> {
    const { resourceMetrics } = await this.reader.collect();
    return new PrometheusSerializer().serialize(resourceMetrics);
  }

  /** Values of a counter or gauge whose points carry these attributes. */
  async values(name: string, attributes: Attributes = {}): Promise<number[]> {
    return pointsOf<number>((await this.collect()).get(name), attributes).map((point) => point.value);
  }

  async value(name: string, attributes: Attributes = {}): Promise<number> {
    const values = await this.values(name, attributes);
    if (values.length !== 1) throw new Error(`Expected one point of ${name}, got ${values.length}`);
    return values[0]!;
  }

  async histograms(name: string, attributes: Attributes = {}): Promise<DataPoint<Histogram>[]> {
    return pointsOf<Histogram>((await this.collect()).get(name), attributes);
  }
}

export function pointsOf<T>(metric: MetricData | undefined, attributes: Attributes = {}): DataPoint<T>[] {
  const points = (metric?.dataPoints ?? []) as DataPoint<T>[];
  return points.filter((point) => Object.entries(attributes).every(([key, value]) => point.attributes[key] === value));
}

export function resetGlobals(): void {
  trace.disable();
  metrics.disable();
}
