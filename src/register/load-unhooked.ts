import { readFileSync } from 'node:fs';
import type { LoadFnOutput, LoadHookContext } from 'node:module';
import { fileURLToPath } from 'node:url';

type NextLoad = (url: string, context?: Partial<LoadHookContext>) => LoadFnOutput;

/**
 * Until 22.22, 24.11 and 25.1 the mere presence of a load hook changes how the ES module loader loads CommonJS files
 * that are imported, including the application itself behind `--import`. Such a file gets another `require`, without
 * `require.cache`, which bypasses tracers' hooks and does not name the SDKs; and if an older loader (`module.register`)
 * leaves the file to the regular CommonJS loader, the hook must not pass that on.
 */
export function replacesRequire(node: string): boolean {
  const [major = 0, minor = 0] = node.split('.').map(Number);
  if (major === 22) return minor < 23;
  if (major === 24) return minor < 12;
  return major === 23 || (major === 25 && minor < 2);
}

/** Node's own name for "by the regular CommonJS loader", which calls the hooks again. */
const USUAL = 'commonjs-sync' as 'commonjs';

/** Loads as Node would without a load hook. */
export const loadUnhooked: (url: string, context: LoadHookContext, nextLoad: NextLoad) => LoadFnOutput =
  replacesRequire(process.versions.node) ? restoreFormat : (url, context, nextLoad) => nextLoad(url, context);

export function restoreFormat(url: string, context: LoadHookContext, nextLoad: NextLoad): LoadFnOutput {
  let loaded: LoadFnOutput;
  try {
    loaded = nextLoad(url, context);
  } catch (error) {
    if (!url.startsWith('file:') || !isMissingSource(error)) throw error;
    // Node parses it for the names that it exports.
    return { format: USUAL, source: readFileSync(fileURLToPath(url), 'utf8'), shortCircuit: true };
  }
  // A string comes from another hook, which the regular loader would bypass.
  if (loaded.format !== 'commonjs' || !ArrayBuffer.isView(loaded.source)) return loaded;
  // A Set in some versions, contrary to the declaration.
  return new Set(context.conditions).has('import') ? { ...loaded, format: USUAL } : loaded;
}

function isMissingSource(error: unknown): boolean {
  return (
    error instanceof TypeError &&
    (error as NodeJS.ErrnoException).code === 'ERR_INVALID_RETURN_PROPERTY_VALUE' &&
    /"source".* got (?:null|undefined)/.test(error.message)
  );
}
