import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';

declare module 'vitest' {
  export interface ProvidedContext {
    /** A folder of this run, for what test files make once and share. */
    readonly sharedFolder: string;
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), 'tidegate-tests-'));
  project.provide('sharedFolder', folder);
  // Programs that tests start read the same sources: compiled once, not once a program. Kept, as they write while they end.
  process.env['NODE_COMPILE_CACHE'] = join(import.meta.dirname, '../node_modules/.cache/tidegate-tests');
  return () => rm(folder, { recursive: true, force: true });
}
