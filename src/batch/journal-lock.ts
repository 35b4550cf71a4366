import { open, readFile, rename, rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import { BatchError } from './batch-error.ts';

/**
 * Holds a file for this process. A lock whose process is gone, as after SIGKILL or a power cut, is taken over; one of
 * another machine is not, since nobody here can tell whether its process lives.
 *
 * @returns What gives it back. @throws BatchError `journal_locked` where another run has it.
 */
export async function lockFile(path: string): Promise<() => Promise<void>> {
  const lock = `${path}.lock`;
  const mine = JSON.stringify({ pid: process.pid, host: hostname(), nonce: crypto.randomUUID() });
  for (let tries = 0; tries < 3; tries++) {
    if (await create(lock, mine)) return async () => void ((await textOf(lock)) === mine && (await rm(lock)));
    const found = await textOf(lock);
    if (found === undefined) continue;
    if (isHeld(found)) throw locked(path, lock, found);
    await remove(lock, found);
  }
  throw locked(path, lock, (await textOf(lock)) ?? '');
}

async function create(lock: string, text: string): Promise<boolean> {
  try {
    const file = await open(lock, 'wx');
    try {
      await file.writeFile(text);
    } catch (error) {
      await rm(lock, { force: true });
      throw error;
    } finally {
      await file.close();
    }
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/** Removes a lock that was looked at, and none that somebody has made since: by moving it out of the way first. */
async function remove(lock: string, seen: string): Promise<void> {
  const aside = `${lock}.${crypto.randomUUID()}`;
  try {
    await rename(lock, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  if ((await textOf(aside)) === seen) await rm(aside);
  else await rename(aside, lock);
}

async function textOf(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function isHeld(text: string): boolean {
  let owner: { pid?: unknown; host?: unknown };
  try {
    owner = JSON.parse(text) as typeof owner;
  } catch {
    // Cut short by whoever died while writing it, or still being written.
    return false;
  }
  if (owner.host !== hostname()) return true;
  if (typeof owner.pid !== 'number') return false;
  try {
    process.kill(owner.pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function locked(path: string, lock: string, owner: string): BatchError {
  return new BatchError(
    'journal_locked',
    `Another run has ${path} (${owner}). Wait for its end; where there is none any more, remove ${lock}.`,
  );
}
