import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { PROVIDERS } from '../providers/registry.ts';
import { FAMILIES, SDKS } from '../providers/sdks.ts';

/** The SDKs, and the packages that bring further clients of theirs. */
const PACKAGES: ReadonlySet<string> = new Set([
  ...FAMILIES.map((family) => SDKS[family].package),
  ...Object.values(PROVIDERS).flatMap(({ packages }) => packages),
]);

/** Every SDK exports its clients from the first and makes them in the second, beside its package.json. */
const ENTRY = /\/(?:index|client)\.m?js$/;
/** Where a package.json is worth reading: an alias may have any name, but then its `client` module identifies it. */
const LIKELY = /openai|anthropic|groq|\/client\.m?js$/;

const known = new Map<string, boolean>();

/**
 * Whether a module is one in which an SDK makes or exports its clients: judged by what the module is, not by what
 * was asked for, since Node's loaders do not always say that.
 */
export function isSdkModule(url: string): boolean {
  if (!url.startsWith('file:')) return false;
  // Tracers mark the modules that they wrap in the query.
  const path = url.replace(/[?#].*/, '');
  if (!ENTRY.test(path) || !LIKELY.test(path)) return false;
  let is = known.get(path);
  if (is === undefined) known.set(path, (is = PACKAGES.has(packageName(new URL('package.json', path)) ?? '')));
  return is;
}

function packageName(manifest: URL): string | undefined {
  try {
    return (JSON.parse(readFileSync(fileURLToPath(manifest), 'utf8')) as { name?: string }).name;
  } catch {
    return undefined;
  }
}
