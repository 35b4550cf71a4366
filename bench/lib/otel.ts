import { context, metrics, propagation, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import { PrometheusExporter } from '@opentelemetry/exporter-prometheus';
import { MeterProvider } from '@opentelemetry/sdk-metrics';
import { BatchSpanProcessor, type SpanExporter, TracerProvider } from '@opentelemetry/sdk-trace';

export interface Otel {
  readonly tracers: TracerProvider;
  readonly meters: MeterProvider;
  register(): void;
  unregister(): void;
  /** Exports what is queued. */
  flush(): Promise<void>;
  /** Number of exported spans, which proves that the benchmark measured what it says. */
  exported(): number;
  shutdown(): Promise<void>;
}

/**
 * OpenTelemetry as in an application: spans in batches to an exporter (which drops them), metrics for a Prometheus
 * scrape, the async context manager. Registered for the duration of a measurement.
 */
export function createOtel(): Otel {
  let spans = 0;
  const exporter: SpanExporter = {
    export(batch, done) {
      spans += batch.length;
      done({ code: 0 });
    },
    shutdown: () => Promise.resolve(),
    forceFlush: () => Promise.resolve(),
  };
  const tracers = new TracerProvider({ spanProcessors: [new BatchSpanProcessor({ exporter })] });
  const meters = new MeterProvider({ readers: [new PrometheusExporter({ preventServerStart: true })] });
  const contexts = new AsyncLocalStorageContextManager();
  const propagator = new W3CTraceContextPropagator();
  return {
    tracers,
    meters,
    register() {
      trace.setGlobalTracerProvider(tracers);
      metrics.setGlobalMeterProvider(meters);
      context.setGlobalContextManager(contexts.enable());
      propagation.setGlobalPropagator(propagator);
    },
    unregister() {
      trace.disable();
      metrics.disable();
      context.disable();
      propagation.disable();
    },
    flush: () => tracers.forceFlush(),
    exported: () => spans,
    async shutdown() {
      await tracers.shutdown();
      await meters.shutdown();
    },
  };
}
