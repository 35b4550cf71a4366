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
    // Not percent-encoded after all: the text itself is the value.
    return value;
  }
}
