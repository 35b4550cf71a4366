import { realpath, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/** Whether two paths are the same file, through any links; or would be, if it does not exist yet. */
export async function isSameFile(a: string, b: string): Promise<boolean> {
  const [left, right] = await Promise.all([a, b].map(identityOf));
  return left !== undefined && left === right;
}

async function identityOf(path: string): Promise<string | undefined> {
  try {
    // Hard links. Some systems have inode numbers that exceed a double.
    const { dev, ino } = await stat(path, { bigint: true });
    return `${dev}/${ino}`;
  } catch {
    return realpath(dirname(path)).then(
      (folder) => join(folder, basename(path)),
      () => undefined,
    );
  }
}
