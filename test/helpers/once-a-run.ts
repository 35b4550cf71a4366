import { existsSync, watch } from 'node:fs';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { inject } from 'vitest';

interface Outcome<T> {
  readonly value?: T;
  readonly error?: string;
}

/** The JSON result of `make`, which the first test file that asks for it runs and all others wait for. */
export async function onceARun<T>(name: string, make: (folder: string) => Promise<T>): Promise<T> {
  const folder = join(inject('sharedFolder'), name);
  const result = `${folder}.json`;
  const isFirst = await mkdir(folder).then(
    () => true,
    () => false,
  );
  if (isFirst) {
    const outcome: Outcome<T> = await make(folder).then(
      (value) => ({ value }),
      (error: unknown) => ({ error: String(error) }),
    );
    await writeFile(`${result}.part`, JSON.stringify(outcome));
    await rename(`${result}.part`, result);
  }
  await fileExists(result);
  const { value, error } = JSON.parse(await readFile(result, 'utf8')) as Outcome<T>;
  if (error !== undefined) throw new Error(`${name}: ${error}`);
  return value!;
}

async function fileExists(path: string): Promise<void> {
  const watcher = watch(join(path, '..'));
  try {
    await new Promise<void>((resolve, reject) => {
      const look = (): void => {
        if (existsSync(path)) resolve();
      };
      watcher.on('change', look);
      watcher.on('error', reject);
      look();
    });
  } finally {
    watcher.close();
  }
}
