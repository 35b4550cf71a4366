type Env = Readonly<Record<string, string | undefined>>;

/** Whether the standard variables ask for spans to be exported. Without them nothing is sent anywhere. */
export function tracesRequested(env: Env): boolean {
  const exporter = env['OTEL_TRACES_EXPORTER']?.trim();
  if (exporter) return exporter !== 'none';
  return Boolean(env['OTEL_EXPORTER_OTLP_ENDPOINT']?.trim() || env['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT']?.trim());
}

/** Whether the standard variables ask for logs to be exported. */
export function logsRequested(env: Env): boolean {
  const exporter = env['OTEL_LOGS_EXPORTER']?.trim();
  return Boolean(exporter) && exporter !== 'none';
}

/**
 * Resource attributes of OTEL_RESOURCE_ATTRIBUTES and OTEL_SERVICE_NAME. The SDK's own detectors also collect the
 * command line, which may hold secrets, and the name of the user.
 */
export function resourceFromEnv(env: Env): Record<string, string> {
  const attributes: Record<string, string> = {};
  for (const pair of (env['OTEL_RESOURCE_ATTRIBUTES'] ?? '').split(',')) {
    const at = pair.indexOf('=');
    if (at <= 0) continue;
    attributes[pair.slice(0, at).trim()] = decode(
      pair
        .slice(at + 1)
        .trim()
        .replace(/^"|"$/g, ''),
    );
  }
  const serviceName = env['OTEL_SERVICE_NAME']?.trim();
  if (serviceName) attributes['service.name'] = serviceName;
  return attributes;
}

function decode(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    // Not percent-encoded: use the text itself.
    return value;
  }
}

export type OtlpProtocol = 'grpc' | 'http/json' | 'http/protobuf';

/** Destination and protocol of metrics, by the standard variables. */
export interface OtlpTarget {
  readonly protocol: OtlpProtocol;
  /** Without possible secrets; the exporter reads the variables itself. */
  readonly shownUrl: string;
  readonly intervalMs: number;
  readonly timeoutMs: number;
}

export function otlpTarget(env: Env): OtlpTarget {
  const protocol = protocolFrom(env);
  const intervalMs = milliseconds(env['OTEL_METRIC_EXPORT_INTERVAL'], 60_000);
  return {
    protocol,
    shownUrl: shown(endpointFrom(env, protocol)),
    intervalMs,
    timeoutMs: Math.min(intervalMs, milliseconds(env['OTEL_METRIC_EXPORT_TIMEOUT'], 30_000)),
  };
}

/** Whether the standard variable asks for histograms without fixed buckets. */
export function nativeHistogramsRequested(env: Env): boolean {
  const asked = env['OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION']?.trim().toLowerCase();
  return asked === 'base2_exponential_bucket_histogram';
}

/** The supported exporters that OTEL_METRICS_EXPORTER names. */
export function metricsRequested(env: Env): 'prometheus' | 'otlp' | 'both' | undefined {
  const names = (env['OTEL_METRICS_EXPORTER'] ?? '').split(',').map((name) => name.trim());
  const [prometheus, otlp] = [names.includes('prometheus'), names.includes('otlp')];
  if (prometheus && otlp) return 'both';
  return prometheus ? 'prometheus' : otlp ? 'otlp' : undefined;
}

function protocolFrom(env: Env): OtlpProtocol {
  const asked = (env['OTEL_EXPORTER_OTLP_METRICS_PROTOCOL'] || env['OTEL_EXPORTER_OTLP_PROTOCOL'])?.trim();
  return asked === 'grpc' || asked === 'http/json' ? asked : 'http/protobuf';
}

function endpointFrom(env: Env, protocol: OtlpProtocol): string {
  const own = env['OTEL_EXPORTER_OTLP_METRICS_ENDPOINT']?.trim();
  if (own) return own;
  const all = env['OTEL_EXPORTER_OTLP_ENDPOINT']?.trim();
  if (protocol === 'grpc') return all || 'http://localhost:4317';
  return `${(all || 'http://localhost:4318').replace(/\/$/, '')}/v1/metrics`;
}

/** A custom path may contain a key, as may a query and credentials. */
function shown(endpoint: string): string {
  if (!URL.canParse(endpoint)) return 'the OTLP endpoint';
  const { protocol, host, pathname } = new URL(endpoint);
  return `${protocol}//${host}${pathname === '/' || pathname === '/v1/metrics' ? pathname : '/…'}`;
}

function milliseconds(text: string | undefined, fallback: number): number {
  const value = Number(text?.trim() || Number.NaN);
  return value > 0 && value <= 2 ** 31 - 1 ? value : fallback;
}
