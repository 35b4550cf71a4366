import { TidegateOptionError } from '../errors.ts';
import { integer, oneOf, optionalBoolean, orEmpty, section, withMethods, type Keys } from './checks.ts';

export interface TelemetryOptions {
  /** A TracerProvider of OpenTelemetry. Default: the one registered globally with @opentelemetry/api. */
  readonly tracerProvider?: { getTracer(name: string, version?: string): object };
  /** A MeterProvider of OpenTelemetry. Default: the one registered globally with @opentelemetry/api. */
  readonly meterProvider?: { getMeter(name: string, version?: string): object };
  /** Added to every span and metric point; keys may not collide with tidegate's own. Keep the values few. */
  readonly attributes?: Readonly<Record<string, string | number | boolean>>;
  /** Default true. */
  readonly spans?: boolean;
  /** Default true. */
  readonly metrics?: boolean;
  /** What to do with the spans that an SDK emits itself (Anthropic). Default 'suppress'. */
  readonly sdkSpans?: 'suppress' | 'nest';
  /** GenAI conventions to follow. Default 'compat', or what OTEL_SEMCONV_STABILITY_OPT_IN asks for. */
  readonly semconv?: 'compat' | 'latest' | 'dup';
  /**
   * Whether the metrics of these conventions (`gen_ai.client.*`) are recorded beside tidegate's own. Default true, but false
   * where `startTelemetry` serves them to Prometheus alone: no rule or dashboard reads them, and they double the series.
   */
  readonly genAiMetrics?: boolean;
  /**
   * Also record the histograms of the GenAI conventions that neither rules nor panels of tidegate read: the tokens of each
   * call (`gen_ai.client.token.usage`), and the time between the chunks of a stream. Default false.
   */
  readonly detailedHistograms?: boolean;
  /** Models to create zero series for at start. Default none. */
  readonly models?: readonly string[];
  /** Distinct model labels before further ones become `_OTHER`. 1 … 1 000, default 20. */
  readonly maxModels?: number;
}

const TELEMETRY_KEYS: Keys<TelemetryOptions> = {
  tracerProvider: true,
  meterProvider: true,
  attributes: true,
  spans: true,
  metrics: true,
  sdkSpans: true,
  semconv: true,
  genAiMetrics: true,
  detailedHistograms: true,
  models: true,
  maxModels: true,
};

export function resolveTelemetry(given: TelemetryOptions | false | undefined): TelemetryOptions | undefined {
  if (given === false) return undefined;
  const telemetry = section(orEmpty(given), 'telemetry', TELEMETRY_KEYS);
  for (const key of ['spans', 'metrics', 'genAiMetrics', 'detailedHistograms'] as const)
    optionalBoolean(telemetry[key], `telemetry.${key}`);
  withMethods(telemetry.tracerProvider, 'telemetry.tracerProvider', 'a tracer provider', ['getTracer']);
  withMethods(telemetry.meterProvider, 'telemetry.meterProvider', 'a meter provider', ['getMeter']);
  if (telemetry.sdkSpans !== undefined) oneOf(telemetry.sdkSpans, 'telemetry.sdkSpans', ['suppress', 'nest']);
  if (telemetry.semconv !== undefined) oneOf(telemetry.semconv, 'telemetry.semconv', ['compat', 'latest', 'dup']);
  const models: unknown = telemetry.models;
  if (models !== undefined && !(Array.isArray(models) && models.every((model) => typeof model === 'string'))) {
    throw new TidegateOptionError('telemetry.models', 'an array of strings', models);
  }
  integer(telemetry.maxModels, 'telemetry.maxModels', 1, 1_000, 20);
  return telemetry;
}
