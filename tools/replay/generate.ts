import { execFile } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Service, type ServiceSpec } from './service.ts';

/**
 * The first second of the week, a Thursday: it contains a weekend and the days after. A multiple of two hours, as
 * Prometheus's blocks are.
 */
export const EPOCH = 1_767_830_400;

const BLOCK_SECONDS = 7_200;

/** Writes lines of the text format as blocks of Prometheus's database, one call per block of two hours. */
export class BlockWriter {
  readonly #promtool: string;
  readonly #folder: string;
  readonly #data: string;
  samples = 0;

  constructor(promtool: string, folder: string, data: string) {
    this.#promtool = promtool;
    this.#folder = folder;
    this.#data = data;
  }

  async write(lines: readonly string[]): Promise<void> {
    if (lines.length === 0) return;
    this.samples += lines.length;
    const file = join(this.#folder, 'block.om');
    // In pieces: a block may be longer than the longest string.
    writeFileSync(file, '');
    for (let from = 0; from < lines.length; from += 500_000) {
      writeFileSync(file, `${lines.slice(from, from + 500_000).join('\n')}\n`, { flag: 'a' });
    }
    writeFileSync(file, '# EOF\n', { flag: 'a' });
    await promisify(execFile)(this.#promtool, ['tsdb', 'create-blocks-from', 'openmetrics', '-q', file, this.#data]);
    rmSync(file);
  }
}

/** Runs every service over a span and writes what Prometheus would have scraped. */
export async function generate(
  specs: readonly ServiceSpec[],
  span: { readonly from: number; readonly to: number },
  seed: number,
  prometheusUp: (at: number) => boolean,
  writer: BlockWriter,
): Promise<void> {
  const services = specs.map((spec) => new Service(spec, seed));
  let lines: string[] = [];
  for (let at = span.from; at <= span.to; at += 1) {
    if (at % BLOCK_SECONDS === 0 && at > span.from) {
      await writer.write(lines);
      lines = [];
    }
    const up = prometheusUp(at);
    for (const service of services) service.step(at, lines, EPOCH, up);
  }
  await writer.write(lines);
}
