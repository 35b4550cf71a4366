import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { bundledPackages, ROOT } from './bundled-packages.ts';
import { type Sbom, sbomOf } from './sbom.ts';

/** Writes a CycloneDX SBOM of the tarball's contents to the given file, else to standard output. */
const { name } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as { name: string };
const { stdout } = await promisify(execFile)('npm', ['sbom', '--sbom-format', 'cyclonedx'], {
  cwd: ROOT,
  maxBuffer: 2 ** 26,
});
const text = `${JSON.stringify(sbomOf(JSON.parse(stdout) as Sbom, name, await bundledPackages()), undefined, 2)}\n`;
const [file] = process.argv.slice(2);
if (file === undefined) process.stdout.write(text);
else await writeFile(file, text);
