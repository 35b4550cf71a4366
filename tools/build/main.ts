import { rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { buildDeclarations } from './declarations.ts';
import { buildModules } from './modules.ts';

/** Builds the package into `dist`, or into the given folder. */
const root = join(import.meta.dirname, '../..');
const target = resolve(root, process.argv[2] ?? 'dist');
await rm(target, { recursive: true, force: true });
await Promise.all([buildModules(root, target), buildDeclarations(root, join(target, 'types'))]);
