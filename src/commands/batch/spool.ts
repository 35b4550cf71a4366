import { createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { CommandIo } from '../command-io.ts';

/** Spools standard input to a file, since the input is read twice. Other inputs stay in place. */
export async function spooled<T>(input: string, io: CommandIo, use: (path: string) => Promise<T>): Promise<T> {
  if (input !== '-') return use(input);
  const folder = await mkdtemp(join(tmpdir(), 'tidegate-'));
  try {
    const path = join(folder, 'input');
    await pipeline(io.input(), createWriteStream(path, { mode: 0o600 }));
    return await use(path);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
