import nodeModule, { createRequire } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { loadedFirst } from './loaded-first.ts';
import { loadedModules } from './loaded-modules.ts';
import { patchModule } from './patch-module.ts';
import { isSdkModule } from './sdk-modules.ts';

/** Patches, in place, SDK modules that were loaded before the hooks were installed. */
export function patchLoaded(): void {
  const { _cache: cache = {} } = nodeModule as unknown as { _cache?: NodeJS.Dict<NodeJS.Module> };
  for (const [path, module] of Object.entries(cache)) {
    if (!module || !isSdkModule(pathToFileURL(path).href)) continue;
    patchModule(module.exports);
    // A module that is still loading exports its classes only once it has run.
    if (!module.loaded) queueMicrotask(() => patchModule(module.exports));
  }
  if (loadedFirst()) return;
  for (const url of loadedModules()) {
    if (url.startsWith('file:') && isSdkModule(url)) patchInstance(url.replace(/[?#].*/, ''));
  }
}

/**
 * A loaded module is the same instance for every importer and available from `require` at once, unless it has not run
 * yet: modules imported side by side are all loaded before the first of them runs.
 */
function patchInstance(
  url: string,
  later: readonly ((fn: () => void) => void)[] = [queueMicrotask, setImmediate],
): void {
  try {
    patchModule(createRequire(url)(fileURLToPath(url)));
  } catch {
    const [next, ...rest] = later;
    if (next) next(() => patchInstance(url, rest));
    else {
      process.emitWarning(
        `${fileURLToPath(url)} was loaded before tidegate/register, and its clients are not guarded: ` +
          'make tidegate/register the first of all --require and --import.',
        'TidegateWarning',
      );
    }
  }
}
