import type * as Api from '@opentelemetry/api';
import type { PrometheusExporter } from '@opentelemetry/exporter-prometheus';
import type { NodeSDK } from '@opentelemetry/sdk-node';
import { TidegateSetupError } from '../errors.ts';

interface Packages {
  readonly api: typeof Api;
  readonly NodeSDK: typeof NodeSDK;
  readonly PrometheusExporter: typeof PrometheusExporter;
}

/** Version of the SDK's stable packages with which `spanProcessors` came; 0.52 of its others. */
const OLDEST = [1, 25] as const;

/**
 * Loads what only `startTelemetry` needs.
 *
 * @throws TidegateSetupError `missing_dependency` when a package is not installed, `start_failed` when it is too old
 */
export async function loadOpenTelemetry(): Promise<Packages> {
  const [api, sdk, prometheus] = await loaded();
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
  return { api, NodeSDK: sdk.NodeSDK, PrometheusExporter: prometheus.PrometheusExporter };
}

/** Each with a `catch` of its own: by that esbuild knows that the package may be missing. */
async function loaded() {
  return Promise.all([
    import('@opentelemetry/api').catch(cannotLoad),
    import('@opentelemetry/sdk-node').catch(cannotLoad),
    import('@opentelemetry/exporter-prometheus').catch(cannotLoad),
  ]);
}

function cannotLoad(error: unknown): never {
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'ERR_MODULE_NOT_FOUND' || code === 'MODULE_NOT_FOUND') {
    throw new TidegateSetupError(
      'missing_dependency',
      'startTelemetry needs two more packages: npm install @opentelemetry/sdk-node @opentelemetry/exporter-prometheus',
      { cause: error },
    );
  }
  throw new TidegateSetupError('start_failed', 'The OpenTelemetry packages could not be loaded.', { cause: error });
}
