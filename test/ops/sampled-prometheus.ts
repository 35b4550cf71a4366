import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { withServer } from './server.ts';
import { runTool } from './tools.ts';

export interface Sample {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: readonly [time: number, value: string];
}

/** Evaluates a query at the end of the samples. @throws Error if Prometheus refuses it */
export type Ask = (expr: string) => Promise<Sample[]>;

/**
 * Runs a real Prometheus over samples in the OpenMetrics format, the last of which are at `end`, in seconds since 1970.
 */
export async function withSamples(
  binaries: { readonly prometheus: string; readonly promtool: string },
  samples: string,
  end: number,
  use: (ask: Ask, url: string) => Promise<void>,
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'tidegate-prometheus-'));
  try {
    writeFileSync(join(folder, 'sample.txt'), samples);
    writeFileSync(join(folder, 'prometheus.yml'), '');
    runTool(binaries.promtool, [
      'tsdb',
      'create-blocks-from',
      'openmetrics',
      join(folder, 'sample.txt'),
      join(folder, 'data'),
    ]);
    const args = (port: number): string[] => [
      `--config.file=${join(folder, 'prometheus.yml')}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
    ];
    await withServer(binaries.prometheus, args, (url) =>
      use(async (expr) => {
        const body = new URLSearchParams({ query: expr, time: String(end) });
        const response = await fetch(`${url}/api/v1/query`, { method: 'POST', body });
        const answer = (await response.json()) as { status: string; error?: string; data: { result: Sample[] } };
        if (answer.status !== 'success') throw new Error(`${expr}: ${answer.error}`);
        return answer.data.result;
      }, url),
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
}
