import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { PROVIDERS } from '../providers/registry.ts';
import { FAMILIES, SDKS } from '../providers/sdks.ts';

/** The SDKs, and packages with further clients built on them. */
const PACKAGES: ReadonlySet<string> = new Set([
  ...FAMILIES.map((family) => SDKS[family].package),
  ...Object.values(PROVIDERS).flatMap(({ packages }) => packages),
]);

/** Every SDK exports its clients from `index` and defines them in `client`, beside its package.json. */
const ENTRY = /\/(?:index|client)\.m?js$/;
/** Paths whose package.json is worth reading: an alias may have any name, but then its `client` module matches. */
const LIKELY = /openai|anthropic|groq|\/client\.m?js$/;

const known = new Map<string, boolean>();

/**
 * Whether an SDK defines or exports its clients in a module: judged by the module itself, not by the specifier that was
 * imported, which Node's loaders do not always pass.
 */
export function isSdkModule(url: string): boolean {
  if (!url.startsWith('file:')) return false;
  // Tracers mark modules that they wrap in the query.
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
