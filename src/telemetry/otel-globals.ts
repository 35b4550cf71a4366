import { context, createContextKey, metrics, propagation, ROOT_CONTEXT, trace } from '@opentelemetry/api';
import { isNoopProvider } from './meter-binding.ts';

/** Which parts of OpenTelemetry are registered in this process. */
export interface Registered {
  readonly metrics: boolean;
  readonly traces: boolean;
  readonly context: boolean;
  readonly propagation: boolean;
}

/** The API does not tell what is registered; each part shows it by what it does. */
export function registered(): Registered {
  const key = createContextKey('tidegate.probe');
  const tracers = trace.getTracerProvider();
  return {
    metrics: !isNoopProvider(metrics.getMeterProvider()),
    traces: !('getDelegateTracer' in tracers) || (tracers as Delegating).getDelegateTracer('tidegate') !== undefined,
    context: context.with(ROOT_CONTEXT.setValue(key, true), () => context.active().getValue(key) === true),
    propagation: propagation.fields().length > 0,
  };
}

/** Unregisters what was not registered before, so that it can be started again. */
export function unregisterAllBut(before: Registered): void {
  if (!before.metrics) metrics.disable();
  if (!before.traces) trace.disable();
  if (!before.context) context.disable();
  if (!before.propagation) propagation.disable();
}

interface Delegating {
  getDelegateTracer(name: string): unknown;
}
