import type * as Api from '@opentelemetry/api';
import { registeredApi } from './otel-api.ts';

/** Which parts of OpenTelemetry are registered in this process. */
export interface RegisteredParts {
  readonly metrics: boolean;
  readonly traces: boolean;
  readonly context: boolean;
  readonly propagation: boolean;
  readonly logs: boolean;
}

export function registeredParts(): RegisteredParts {
  const { metrics, trace, context, propagation, logs } = registeredApi();
  return {
    metrics: metrics !== undefined,
    traces: trace !== undefined && !(isProxy(trace) && trace.getDelegateTracer('tidegate') === undefined),
    context: context !== undefined,
    propagation: propagation !== undefined,
    logs: logs !== undefined,
  };
}

/** Unregisters what was not registered before, so that it can be started again. */
export function unregisterAllBut(before: RegisteredParts, api: typeof Api): void {
  if (!before.metrics) api.metrics.disable();
  if (!before.traces) api.trace.disable();
  if (!before.context) api.context.disable();
  if (!before.propagation) api.propagation.disable();
  // Since 1.10.
  if (!before.logs) (api as Partial<typeof Api>).logs?.disable();
}

interface ProxyProvider extends Api.TracerProvider {
  getDelegateTracer(name: string, version?: string, options?: Api.TracerOptions): Api.Tracer | undefined;
}

/** The API registers a proxy, which has no delegate until an SDK is registered. */
export function isProxy(provider: Api.TracerProvider): provider is ProxyProvider {
  return 'getDelegateTracer' in provider;
}
