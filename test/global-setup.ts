import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';

declare module 'vitest' {
  export interface ProvidedContext {
    /** A folder of this run, for artefacts that test files create once and share. */
    readonly sharedFolder: string;
  }
}

const COMPILED = join(import.meta.dirname, '../node_modules/.cache/tidegate-tests');
/**
 * Maximum number of files. Node deletes none of them, and each change of a source adds one; beyond it the cache is
 * cleared.
 */
const MAX_COMPILED = 10_000;

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), 'tidegate-tests-'));
  project.provide('sharedFolder', folder);
  // Programs started by tests load the same sources: this compiles them once instead of once per program. Not deleted,
  // since they still write while they exit.
  await mkdir(COMPILED, { recursive: true });
  if ((await readdir(COMPILED, { recursive: true })).length > MAX_COMPILED) await rm(COMPILED, { recursive: true });
  process.env['NODE_COMPILE_CACHE'] = COMPILED;
  return () => rm(folder, { recursive: true, force: true });
}
