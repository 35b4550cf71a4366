import { realpath, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/** Whether two paths are one file, by whatever links; or would be, where it does not exist yet. */
export async function isSameFile(a: string, b: string): Promise<boolean> {
  const [left, right] = await Promise.all([a, b].map(identityOf));
  return left !== undefined && left === right;
}

async function identityOf(path: string): Promise<string | undefined> {
  try {
    // A file may have several names of the same standing. More digits than a number holds where systems number so.
    const { dev, ino } = await stat(path, { bigint: true });
    return `${dev}/${ino}`;
  } catch {
    return realpath(dirname(path)).then(
      (folder) => join(folder, basename(path)),
      () => undefined,
    );
  }
}
