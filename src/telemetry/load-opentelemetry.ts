import type * as Api from '@opentelemetry/api';
import type * as Prometheus from '@opentelemetry/exporter-prometheus';
import type * as Metrics from '@opentelemetry/sdk-metrics';
import type * as Sdk from '@opentelemetry/sdk-node';
import { TidegateSetupError } from '../errors.ts';
import type { OtlpProtocol } from './sdk-environment.ts';

interface Base {
  readonly api: typeof Api;
  readonly NodeSDK: typeof Sdk.NodeSDK;
}

/** What instruments and their aggregations are called. */
export type Kinds = Pick<typeof Metrics, 'AggregationType' | 'InstrumentType'>;
export type AggregationPreference = (instrument: Metrics.InstrumentType) => Metrics.AggregationOption;
type ExporterClass = new (config?: {
  readonly aggregationPreference: AggregationPreference;
}) => Metrics.PushMetricExporter;

export interface OtlpPackages {
  readonly Reader: typeof Metrics.PeriodicExportingMetricReader;
  readonly Exporter: ExporterClass;
  /** Undefined in releases before 2.0. */
  readonly kinds: Kinds | undefined;
}

/** Version of the SDK's stable packages that introduced `spanProcessors`; 0.52 for the others. */
const OLDEST = [1, 25] as const;

/**
 * Loads what every setup needs.
 *
 * @param packages all that the setup needs, named when one is missing
 * @throws TidegateSetupError `missing_dependency` when a package is not installed, `start_failed` when it is too old
 */
export async function loadOpenTelemetry(packages: readonly string[]): Promise<Base> {
  const failed = cannotLoad(packages);
  const [api, sdk] = await Promise.all([importApi(failed), importSdk(failed)]);
  // Releases without `core` are newer.
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
export async function loadPrometheus(packages: readonly string[]): Promise<typeof Prometheus.PrometheusExporter> {
  const exporter = await importPrometheus(cannotLoad(packages));
  return exporter.PrometheusExporter;
}

/** @throws TidegateSetupError `missing_dependency`, `start_failed` */
export async function loadOtlp(protocol: OtlpProtocol, packages: readonly string[]): Promise<OtlpPackages> {
  const failed = cannotLoad(packages);
  const [metrics, { OTLPMetricExporter: Exporter }] = await Promise.all([
    importMetrics(failed),
    OTLP_IMPORTS[protocol](failed),
  ]);
  const kinds = 'AggregationType' in metrics ? metrics : undefined;
  return { Reader: metrics.PeriodicExportingMetricReader, Exporter, kinds };
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

function cannotLoad(packages: readonly string[]): Failed {
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

/*
 * Each import in its own `try`, with a literal name: an unresolvable import is then optional for bundlers, and
 * a build error anywhere else.
 */
type Failed = (error: unknown) => never;
type OtlpExporter = { OTLPMetricExporter: ExporterClass };

async function importApi(failed: Failed): Promise<typeof Api> {
  try {
    return await import('@opentelemetry/api');
  } catch (error) {
    return failed(error);
  }
}

async function importSdk(failed: Failed): Promise<typeof Sdk> {
  try {
    return await import('@opentelemetry/sdk-node');
  } catch (error) {
    return failed(error);
  }
}

async function importPrometheus(failed: Failed): Promise<typeof Prometheus> {
  try {
    return await import('@opentelemetry/exporter-prometheus');
  } catch (error) {
    return failed(error);
  }
}

async function importMetrics(failed: Failed): Promise<typeof Metrics> {
  try {
    return await import('@opentelemetry/sdk-metrics');
  } catch (error) {
    return failed(error);
  }
}

async function importGrpc(failed: Failed): Promise<OtlpExporter> {
  try {
    return await import('@opentelemetry/exporter-metrics-otlp-grpc');
  } catch (error) {
    return failed(error);
  }
}

async function importJson(failed: Failed): Promise<OtlpExporter> {
  try {
    return await import('@opentelemetry/exporter-metrics-otlp-http');
  } catch (error) {
    return failed(error);
  }
}

async function importProto(failed: Failed): Promise<OtlpExporter> {
  try {
    return await import('@opentelemetry/exporter-metrics-otlp-proto');
  } catch (error) {
    return failed(error);
  }
}

const OTLP_IMPORTS: Readonly<Record<OtlpProtocol, (failed: Failed) => Promise<OtlpExporter>>> = {
  grpc: importGrpc,
  'http/json': importJson,
  'http/protobuf': importProto,
};
