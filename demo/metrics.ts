import { isTidegateError } from '../src/index.ts';
import { startTelemetry } from '../src/telemetry.ts';
import type { Telemetry } from '../src/telemetry.ts';
import { DemoError } from './options.ts';

const DEFAULT_PORT = 9464;

/** Serves /metrics; if the default port is taken, on a free one. A port that the user asked for is not replaced. */
export async function serveMetrics(
  port: number | undefined,
): Promise<{ telemetry: Telemetry; note: string | undefined }> {
  const serviceName = 'tidegate-demo';
  try {
    return { telemetry: await startTelemetry({ serviceName, port: port ?? DEFAULT_PORT }), note: undefined };
  } catch (error) {
    if (!isTidegateError(error) || error.code !== 'port_in_use') throw error;
    if (port !== undefined) throw new DemoError(error.message, { cause: error });
    return {
      telemetry: await startTelemetry({ serviceName, port: 0 }),
      note: `Port ${DEFAULT_PORT} is taken by another program, so a free one is used.`,
    };
  }
}

export interface Scrape {
  /** Series whose name begins with `tidegate_`. */
  readonly series: number;
  readonly metrics: number;
}

/** Reads the endpoint as Prometheus would. */
export async function scrape(url: string): Promise<Scrape> {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url} answered ${response.status}.`);
  const lines = (await response.text()).split('\n').filter((line) => line.startsWith('tidegate_'));
  const names = lines.map((line) => /^\w+/.exec(line)![0].replace(/_(bucket|sum|count)$/, ''));
  return { series: lines.length, metrics: new Set(names).size };
}
