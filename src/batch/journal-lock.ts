import { link, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { sleep } from '../core/abort.ts';
import { systemClock } from '../core/clock.ts';
import { BatchError } from './batch-error.ts';

/** Error codes of file systems without hard links. */
const NO_LINKS: ReadonlySet<string | undefined> = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK']);
/** Another process that saw the same stale lock may still be about to remove it. */
const SETTLES_MS = 50;

/**
 * Locks a file for this process. A lock whose process is gone, as after SIGKILL or a power cut, is taken over; one of
 * another machine is not, since it cannot be determined here whether its process is alive.
 *
 * @returns A function that releases the lock. @throws BatchError `journal_locked` if another run holds it.
 */
export async function lockFile(path: string): Promise<() => Promise<void>> {
  const lock = `${path}.lock`;
  const { pid } = process;
  const owner: Owner = { pid, host: hostname(), began: await startOf(pid), nonce: crypto.randomUUID() };
  const mine = JSON.stringify(owner);
  for (let tries = 0; tries < 3; tries++) {
    if (await create(lock, mine)) {
      if (tries > 0) await sleep(systemClock, SETTLES_MS);
      if ((await textOf(lock)) !== mine) break;
      return async () => void ((await textOf(lock)) === mine && (await rm(lock)));
    }
    const found = await textOf(lock);
    if (found === undefined) continue;
    if (await isHeld(found)) throw locked(path, lock, found);
    await remove(lock, found);
  }
  throw locked(path, lock, (await textOf(lock)) ?? '');
}

/** Creates the lock with its content in one step: an empty lock would look stale. */
async function create(lock: string, text: string): Promise<boolean> {
  const whole = `${lock}.${crypto.randomUUID()}`;
  try {
    await writeFile(whole, text, { flag: 'wx' });
    await link(whole, lock).catch((error: NodeJS.ErrnoException) => {
      if (!NO_LINKS.has(error.code)) throw error;
      return writeFile(lock, text, { flag: 'wx' });
    });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    await rm(whole, { force: true });
  }
}

/** Removes the stale lock that was `seen`, by renaming it first, so that a lock created in the meantime survives. */
async function remove(lock: string, seen: string): Promise<void> {
  const aside = `${lock}.${crypto.randomUUID()}`;
  try {
    await rename(lock, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  const moved = await textOf(aside);
  // Not the lock that was seen: it is put back, unless a third process has created one in the meantime.
  if (moved !== undefined && moved !== seen) await create(lock, moved);
  await rm(aside, { force: true });
}

async function textOf(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

interface Owner {
  readonly pid: number;
  readonly host: string;
  /** Start time of the process, in clock ticks since boot. */
  readonly began: string | undefined;
  readonly nonce: string;
}

async function isHeld(text: string): Promise<boolean> {
  let owner: Partial<Owner>;
  try {
    owner = JSON.parse(text) as typeof owner;
  } catch {
    // Cut short by whoever died while writing it.
    return false;
  }
  if (owner.host !== hostname()) return true;
  if (typeof owner.pid !== 'number') return false;
  try {
    process.kill(owner.pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  // PIDs are reused: a restarted container usually gives its process the same one.
  const began = await startOf(owner.pid);
  return began === undefined || owner.began === undefined || began === owner.began;
}

/** Start time of a process, on Linux. */
async function startOf(pid: number): Promise<string | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  // Skips the process name, which may contain anything.
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
}

function locked(path: string, lock: string, owner: string): BatchError {
  return new BatchError(
    'journal_locked',
    `Another run (${owner}) holds ${path}. Wait for it to finish; if it is no longer running, remove ${lock}.`,
  );
}
