import { createReadStream, createWriteStream } from 'node:fs';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { CommandIo } from './command-io.ts';

/** Spools standard input, or a pipe, to a file, since the input is read twice. Files stay in place. */
export async function spooled<T>(input: string, io: CommandIo, use: (path: string) => Promise<T>): Promise<T> {
  if (input !== '-' && !(await isStream(input))) return use(input);
  const folder = await mkdtemp(join(tmpdir(), 'tidegate-'));
  try {
    const path = join(folder, 'input');
    await pipeline(input === '-' ? io.input() : createReadStream(input), createWriteStream(path, { mode: 0o600 }));
    return await use(path);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** As `spooled`, for several inputs. */
export async function allSpooled<T>(
  inputs: readonly string[],
  io: CommandIo,
  use: (paths: readonly string[]) => Promise<T>,
): Promise<T> {
  const [input, ...others] = inputs;
  if (input === undefined) return use([]);
  return spooled(input, io, (path) => allSpooled(others, io, (paths) => use([path, ...paths])));
}

/** A named pipe, or one from a shell's `<(...)`. */
async function isStream(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  return found !== undefined && !found.isFile() && !found.isDirectory();
}
