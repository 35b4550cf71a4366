import { readFileSync } from 'node:fs';
import nodeModule, { type LoadFnOutput } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { patchModule } from './patch-module.ts';
import { loadUnhooked } from './load-unhooked.ts';
import { patchedSource } from './patched-source.ts';
import { isSdkModule } from './sdk-modules.ts';

/** Patches the SDKs' modules as they are loaded, by any importer and through any of Node's loaders. */
export function hookLoaders(): void {
  nodeModule.registerHooks({
    load(url, context, nextLoad) {
      const loaded = loadUnhooked(url, context, nextLoad);
      return isSdkModule(url) ? patching(url, loaded) : loaded;
    },
  });
  hookRequire();
}

function patching(url: string, loaded: LoadFnOutput): LoadFnOutput {
  const { format } = loaded;
  if (format !== 'commonjs' && format !== 'module') return loaded;
  return { ...loaded, source: patchedSource(textOf(loaded.source, url), format, url) };
}

/** Node leaves the source of some CommonJS modules to be read later. */
function textOf(source: LoadFnOutput['source'], url: string): string {
  if (typeof source === 'string') return source;
  return source ? new TextDecoder().decode(source) : readFileSync(fileURLToPath(url), 'utf8');
}

/**
 * Runners of TypeScript (tsx, ts-node) read CommonJS modules themselves, bypassing every load hook; all of them call
 * this method.
 */
function hookRequire(): void {
  const { prototype } = nodeModule as unknown as { prototype: { load(filename: string): void } };
  const { load } = prototype;
  prototype.load = function (this: NodeJS.Module, filename) {
    load.call(this, filename);
    if (isSdkModule(pathToFileURL(filename).href)) patchModule(this.exports);
  };
}
