import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildPage } from '../build/console-page.ts';
import { buildModules } from '../build/modules.ts';

export const ROOT: string = join(import.meta.dirname, '../..');

/** A package whose code is part of the tarball. */
export interface BundledPackage {
  readonly name: string;
  readonly version: string;
  /** Path below the root: `node_modules/echarts`. */
  readonly path: string;
}

const FOLDER = /\/(node_modules\/(?:.*\/node_modules\/)?(?:@[^/]+\/)?[^/]+)\//;

/** Packages of `node_modules` that the build bundles, by name. */
export async function bundledPackages(): Promise<BundledPackage[]> {
  const target = await mkdtemp(join(tmpdir(), 'bundled-'));
  try {
    // The console's page is a build of its own inside the other.
    const modules = [...(await buildModules(ROOT, target)), ...(await buildPage()).modules];
    const paths = new Set(modules.flatMap((id) => FOLDER.exec(id.replaceAll('\\', '/'))?.[1] ?? []));
    const found = [...paths].map(async (path) => {
      const manifest = JSON.parse(await readFile(join(ROOT, path, 'package.json'), 'utf8')) as BundledPackage;
      return { name: manifest.name, version: manifest.version, path };
    });
    return (await Promise.all(found)).toSorted((a, b) => (a.path < b.path ? -1 : 1));
  } finally {
    await rm(target, { recursive: true, force: true });
  }
}
