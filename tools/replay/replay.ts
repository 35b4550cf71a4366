import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ruleGroups } from '../../ops/rules.ts';
import { type Server, startServer } from '../stack/server.ts';
import { type Firing, firings, levels, record, type Span } from './evaluate.ts';
import { BlockWriter, generate } from './generate.ts';
import { type Notification, notifications } from './notify.ts';
import type { ServiceSpec } from './service.ts';
import { prometheusUp } from './week.ts';

export interface Replayed {
  readonly fired: readonly Firing[];
  readonly sent: readonly Notification[];
  readonly samples: number;
}

/** Runs services over a span, and the shipped rules over what is scraped. */
export async function replay(
  services: readonly ServiceSpec[],
  span: Span,
  seed: number,
  up: (at: number) => boolean = prometheusUp,
): Promise<Replayed> {
  const folder = mkdtempSync(join(tmpdir(), 'tidegate-replay-'));
  const data = join(folder, 'data');
  let server: Server | undefined;
  // Blocks written beside a running server are loaded by the next one.
  const restart = async (): Promise<string> => {
    await server?.stop();
    server = await startServer('prometheus', 0, (address) => [
      `--config.file=${join(folder, 'prometheus.yml')}`,
      `--storage.tsdb.path=${data}`,
      `--web.listen-address=${address}`,
      '--storage.tsdb.retention.time=100y',
      // A written block has no staleness markers: a target is gone after a missed scrape.
      `--query.lookback-delta=${5 + Math.max(...services.map(({ scrapeSeconds = 15 }) => scrapeSeconds))}s`,
      '--query.max-samples=200000000',
      '--query.timeout=10m',
    ]);
    return server.url;
  };
  try {
    writeFileSync(join(folder, 'prometheus.yml'), 'global: { scrape_interval: 15s }\n');
    const writer = new BlockWriter('promtool', folder, data);
    await generate(services, span, seed, up, writer);
    const { samples } = writer;
    let url = await restart();
    for (const level of levels(ruleGroups())) {
      await record(url, level, span, up, writer);
      url = await restart();
    }
    // In the last minutes everything ends at once.
    const fired = await firings(url, { from: span.from, to: span.to - 60 }, up);
    return { fired, sent: notifications(fired), samples };
  } finally {
    await server?.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}
