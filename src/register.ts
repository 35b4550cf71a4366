/**
 * Guards every OpenAI, Anthropic and Groq client of a process with no code change:
 * `node --import tidegate/register app.js`.
 *
 * @module
 */
import { readFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { fileURLToPath } from 'node:url';
import { patchModule } from './patch-module.ts';

/** The SDKs, the packages that bring further Anthropic clients, and the modules in which the classes are made. */
const SDK =
  /^(?:openai|groq-sdk|@anthropic-ai\/(?:sdk|bedrock-sdk|vertex-sdk|foundry-sdk|aws-sdk|google-cloud-sdk))(?:\/(?:index|client)(?:\.m?js)?)?$/;
const PATCH = "globalThis[Symbol.for('tidegate.patchModule')]";

// The SDKs' modules reach the patch through a symbol: an import added to them would resolve from their folder.
Object.defineProperty(globalThis, Symbol.for('tidegate.patchModule'), { value: patchModule, configurable: true });

const entries = new Set<string>();

registerHooks({
  resolve(specifier, context, nextResolve) {
    const resolved = nextResolve(specifier, context);
    if (SDK.test(specifier)) entries.add(resolved.url);
    return resolved;
  },
  load(url, context, nextLoad) {
    const loaded = nextLoad(url, context);
    if (!entries.has(url)) return loaded;
    // Behind the module's own code, which stays what and where it is.
    if (loaded.format === 'commonjs') {
      return { ...loaded, source: `${textOf(loaded.source, url)}\n;${PATCH}(module.exports);\n` };
    }
    if (loaded.format !== 'module') return loaded;
    const self = JSON.stringify(url);
    const source = `${textOf(loaded.source, url)}\nimport * as tidegateSelf from ${self};\n${PATCH}(tidegateSelf);\n`;
    return { ...loaded, source };
  },
});

/** Node leaves the source of some CommonJS modules to be read later. */
function textOf(source: string | ArrayBuffer | NodeJS.TypedArray | null | undefined, url: string): string {
  if (typeof source === 'string') return source;
  return source ? new TextDecoder().decode(source) : readFileSync(fileURLToPath(url), 'utf8');
}
