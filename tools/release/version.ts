import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** After `changeset version`: updates other places with the package's version. */
const root = join(import.meta.dirname, '../..');
const read = (path: string): Promise<string> => readFile(join(root, path), 'utf8');
const { version } = JSON.parse(await read('package.json')) as { version: string };

const NAMES = 'src/telemetry/names.ts';
const names = await read(NAMES);
const renamed = names.replace(/(?<=^export const VERSION = ')[^']+(?=';$)/m, version);
if (!renamed.includes(`VERSION = '${version}'`)) throw new Error(`Expected ${NAMES} to declare VERSION.`);
await writeFile(join(root, NAMES), renamed);
await promisify(execFile)('npm', ['install', '--package-lock-only', '--ignore-scripts'], { cwd: root });
