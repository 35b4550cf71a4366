import type { CallHost } from './call-host.ts';
import type { SdkClient } from './sdk-client.ts';

interface TracedClient {
  /** @anthropic-ai/sdk >= 0.137 starts its call span with this tracer. */
  _tracer?: unknown;
  readonly openTelemetry?: {
    readonly propagation?: boolean;
    readonly traces?: { readonly contentMode?: string };
  };
}

/**
 * Keeps an SDK's own call span from doubling ours. Returns whether the trace headers that
 * went out with that span are ours to send now.
 */
export function suppressSdkSpans(client: SdkClient, host: CallHost): boolean {
  const traced = client as unknown as TracedClient;
  if (!host.sdkSpans || host.sdkSpans === 'nest' || !traced._tracer) return false;
  if (host.sdkSpans === 'default' && traced.openTelemetry?.traces?.contentMode === 'content') {
    host.warn(
      'The client records content in its own spans, so they stay: every call shows twice. Set telemetry.sdkSpans to choose.',
    );
    return false;
  }
  traced._tracer = undefined;
  return traced.openTelemetry?.propagation === true;
}
