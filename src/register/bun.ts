import { readFileSync } from 'node:fs';
import nodeModule from 'node:module';
import { pathToFileURL } from 'node:url';
import { patchModule } from './patch-module.ts';
import { patchedSource } from './patched-source.ts';
import { isSdkModule } from './sdk-modules.ts';

/** The part of Bun's API that is used. */
interface Bun {
  plugin(plugin: {
    readonly name: string;
    setup(build: {
      onLoad(
        options: { readonly filter: RegExp },
        load: (args: { readonly path: string }) => { readonly contents: string; readonly loader: 'js' },
      ): void;
    }): void;
  }): void;
}

/** A Bun plugin must provide every module that its filter matches; hence it matches few. */
const ES_MODULE = /(?:openai|anthropic|groq|[\\/]client\.mjs$).*(?<=[\\/](?:index|client)\.mjs)$/;

/** Bun has no load hooks for CommonJS, only the table of loaders by extension, and plugins for ES modules. */
export function hookBun(): void {
  const { Bun } = globalThis as unknown as { Bun: Bun };
  Bun.plugin({
    name: 'tidegate',
    setup(build) {
      build.onLoad({ filter: ES_MODULE }, ({ path }) => {
        const url = pathToFileURL(path).href;
        const text = readFileSync(path, 'utf8');
        return { contents: isSdkModule(url) ? patchedSource(text, 'module', path) : text, loader: 'js' };
      });
    },
  });
  const { _extensions: extensions } = nodeModule as unknown as {
    _extensions: Record<'.js', (module: NodeJS.Module, path: string) => void>;
  };
  const load = extensions['.js'];
  extensions['.js'] = (module, path) => {
    load(module, path);
    if (isSdkModule(pathToFileURL(path).href)) patchModule(module.exports);
  };
}
