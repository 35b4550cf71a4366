import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { DROP_INS, ENTRIES } from './entries.ts';

/** Imports within this package; the compiler keeps the file names of the sources. */
const RELATIVE = /(?<=\bfrom '|\bimport '|\bimport\(')(\.[^']+)\.ts(?=')/g;

/**
 * Writes the declarations of the entries and everything they reference, for each kind of module: a `.d.cts` may only name
 * other `.d.cts` files, and its imports from other packages are then resolved as `require` resolves them.
 */
export async function buildDeclarations(root: string, target: string): Promise<void> {
  const emitted = await mkdtemp(join(tmpdir(), 'declarations-'));
  try {
    const args = ['-p', join(root, 'tsconfig.build.json'), '--outDir', emitted];
    await promisify(execFile)(join(root, 'node_modules/.bin/tsc'), args);
    const written = new Set<string>();
    const write = async (name: string): Promise<void> => {
      if (written.has(name)) return;
      written.add(name);
      const text = await readFile(join(emitted, `src/${name}.d.ts`), 'utf8');
      const file = join(target, name);
      await mkdir(dirname(file), { recursive: true });
      await writeFile(`${file}.d.ts`, text.replaceAll(RELATIVE, '$1.js'));
      await writeFile(`${file}.d.cts`, text.replaceAll(RELATIVE, '$1.cjs'));
      for (const [, path] of text.matchAll(RELATIVE)) await write(join(dirname(name), path!));
    };
    for (const entry of ENTRIES) await write(entry);
    // The declarations of the drop-ins reference the options of a guard.
    if (DROP_INS.length > 0) await write('options');
  } finally {
    await rm(emitted, { recursive: true, force: true });
  }
}
