import { readFileSync } from 'node:fs';
import nodeModule, { type LoadFnOutput } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { patchModule } from './patch-module.ts';
import { mendedLoad } from './mended-load.ts';
import { isSdkModule } from './sdk-modules.ts';

const PATCH = "globalThis[Symbol.for('tidegate.patchModule')]";

/** Patches the SDKs' modules as they are loaded, whoever asks for them and by whichever of Node's loaders. */
export function hookLoaders(): void {
  // The SDKs' modules reach the patch through a symbol: an import added to them would resolve from their folder.
  Object.defineProperty(globalThis, Symbol.for('tidegate.patchModule'), { value: patchModule, configurable: true });
  nodeModule.registerHooks({
    load(url, context, nextLoad) {
      const loaded = mendedLoad(url, context, nextLoad);
      return isSdkModule(url) ? patching(url, loaded) : loaded;
    },
  });
  hookRequire();
}

/** Behind the module's own code, which stays what and where it is. */
function patching(url: string, loaded: LoadFnOutput): LoadFnOutput {
  const { format } = loaded;
  if (format !== 'commonjs' && format !== 'module') return loaded;
  const text = textOf(loaded.source, url);
  // Another copy of tidegate was here.
  if (text.includes(PATCH)) return loaded;
  // In a realm of its own (a test runner's) there is no patch to be called.
  if (format === 'commonjs') return { ...loaded, source: `${text}\n;${PATCH}?.(module.exports);\n` };
  const self = JSON.stringify(url);
  return { ...loaded, source: `${text}\nimport * as tidegateSelf from ${self};\n${PATCH}?.(tidegateSelf);\n` };
}

/** Node leaves the source of some CommonJS modules to be read later. */
function textOf(source: LoadFnOutput['source'], url: string): string {
  if (typeof source === 'string') return source;
  return source ? new TextDecoder().decode(source) : readFileSync(fileURLToPath(url), 'utf8');
}

/**
 * What runs TypeScript (tsx, ts-node) reads CommonJS modules itself, past every load hook; this method they all use.
 */
function hookRequire(): void {
  const { prototype } = nodeModule as unknown as { prototype: { load(filename: string): void } };
  const { load } = prototype;
  prototype.load = function (this: NodeJS.Module, filename) {
    load.call(this, filename);
    if (isSdkModule(pathToFileURL(filename).href)) patchModule(this.exports);
  };
}
