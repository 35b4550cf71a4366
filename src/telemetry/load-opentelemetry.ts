import type * as Api from '@opentelemetry/api';
import type { PrometheusExporter } from '@opentelemetry/exporter-prometheus';
import type { NodeSDK } from '@opentelemetry/sdk-node';
import type { PeriodicExportingMetricReader, PushMetricExporter } from '@opentelemetry/sdk-metrics';
import { TidegateSetupError } from '../errors.ts';
import type { OtlpProtocol } from './sdk-environment.ts';

interface Base {
  readonly api: typeof Api;
  readonly NodeSDK: typeof NodeSDK;
}

export interface OtlpPackages {
  readonly Reader: typeof PeriodicExportingMetricReader;
  readonly Exporter: new () => PushMetricExporter;
}

/** Version of the SDK's stable packages with which `spanProcessors` came; 0.52 of its others. */
const OLDEST = [1, 25] as const;

/**
 * Loads what every setup needs.
 *
 * @param packages all that the setup needs, named when one is missing
 * @throws TidegateSetupError `missing_dependency` when a package is not installed, `start_failed` when it is too old
 */
export async function loadOpenTelemetry(packages: readonly string[]): Promise<Base> {
  // Each with a `catch` of its own: by that esbuild knows that the package may be missing.
  const [api, sdk] = await Promise.all([
    import('@opentelemetry/api').catch(cannotLoad(packages)),
    import('@opentelemetry/sdk-node').catch(cannotLoad(packages)),
  ]);
  // Lines that bring no `core` along are newer.
  const core = 'core' in sdk ? (sdk.core as { SDK_INFO?: Readonly<Record<string, unknown>> }) : undefined;
  const version = core?.SDK_INFO?.['telemetry.sdk.version'];
  const [major = 0, minor = 0] = typeof version === 'string' ? version.split('.').map(Number) : OLDEST;
  if (major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1])) {
    throw new TidegateSetupError(
      'start_failed',
      `startTelemetry needs @opentelemetry/sdk-node 0.52 or later; the installed one is older (OpenTelemetry ${String(version)}).`,
    );
  }
  return { api, NodeSDK: sdk.NodeSDK };
}

/** @throws TidegateSetupError `missing_dependency`, `start_failed` */
export async function loadPrometheus(packages: readonly string[]): Promise<typeof PrometheusExporter> {
  const exporter = await import('@opentelemetry/exporter-prometheus').catch(cannotLoad(packages));
  return exporter.PrometheusExporter;
}

/** @throws TidegateSetupError `missing_dependency`, `start_failed` */
export async function loadOtlp(protocol: OtlpProtocol, packages: readonly string[]): Promise<OtlpPackages> {
  const failed = cannotLoad(packages);
  const [{ PeriodicExportingMetricReader: Reader }, { OTLPMetricExporter: Exporter }] = await Promise.all([
    import('@opentelemetry/sdk-metrics').catch(failed),
    protocol === 'grpc'
      ? import('@opentelemetry/exporter-metrics-otlp-grpc').catch(failed)
      : protocol === 'http/json'
        ? import('@opentelemetry/exporter-metrics-otlp-http').catch(failed)
        : import('@opentelemetry/exporter-metrics-otlp-proto').catch(failed),
  ]);
  return { Reader, Exporter };
}

const OTLP_EXPORTERS: Readonly<Record<OtlpProtocol, string>> = {
  grpc: '@opentelemetry/exporter-metrics-otlp-grpc',
  'http/json': '@opentelemetry/exporter-metrics-otlp-http',
  'http/protobuf': '@opentelemetry/exporter-metrics-otlp-proto',
};

/** Packages that a setup needs, in the order in which they are named when one is missing. */
export function packagesFor(prometheus: boolean, otlp: OtlpProtocol | undefined): string[] {
  return [
    '@opentelemetry/sdk-node',
    ...(prometheus ? ['@opentelemetry/exporter-prometheus'] : []),
    ...(otlp ? ['@opentelemetry/sdk-metrics', OTLP_EXPORTERS[otlp]] : []),
  ];
}

function cannotLoad(packages: readonly string[]): (error: unknown) => never {
  return (error) => {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ERR_MODULE_NOT_FOUND' || code === 'MODULE_NOT_FOUND') {
      const count = ['two', 'three', 'four'][packages.length - 2];
      throw new TidegateSetupError(
        'missing_dependency',
        `startTelemetry needs ${count} more packages: npm install ${packages.join(' ')}`,
        { cause: error },
      );
    }
    throw new TidegateSetupError('start_failed', 'The OpenTelemetry packages could not be loaded.', { cause: error });
  };
}
