/**
 * Guards every OpenAI, Anthropic and Groq client of a process with no code change:
 * `node --import tidegate/register app.js`.
 *
 * @module
 */
import { registerHooks } from 'node:module';
import { patchModule } from './patch-module.ts';

/** The SDKs, and the packages that bring further Anthropic clients. */
const SDK = /^(openai|groq-sdk|@anthropic-ai\/(sdk|bedrock-sdk|vertex-sdk|foundry-sdk|aws-sdk|google-cloud-sdk))$/;
const MARK = 'tidegate-guarded';

// The generated modules reach the patch through a symbol: a require() inside them would resolve from their folder.
Object.defineProperty(globalThis, Symbol.for('tidegate.patchModule'), { value: patchModule, configurable: true });

registerHooks({
  resolve(specifier, context, nextResolve) {
    const resolved = nextResolve(specifier, context);
    if (!SDK.test(specifier) || context.parentURL?.includes(MARK) || !resolved.url.startsWith('file:')) return resolved;
    return { ...resolved, url: `${resolved.url}?${MARK}`, shortCircuit: true };
  },
  load(url, context, nextLoad) {
    if (!url.endsWith(`?${MARK}`)) return nextLoad(url, context);
    const original = url.slice(0, -MARK.length - 1);
    const loaded = nextLoad(original, context);
    const commonjs = loaded.format === 'commonjs';
    return { format: loaded.format, source: commonjs ? commonjsSource(original) : moduleSource(original), shortCircuit: true };
  },
});

const PATCH = "globalThis[Symbol.for('tidegate.patchModule')]";

function moduleSource(url: string): string {
  const specifier = JSON.stringify(url);
  return `import * as sdk from ${specifier};\nexport * from ${specifier};\nexport default sdk.default;\n${PATCH}(sdk);\n`;
}

function commonjsSource(url: string): string {
  const path = JSON.stringify(new URL(url).pathname);
  return `const sdk = require(${path});\n${PATCH}(sdk);\nmodule.exports = sdk;\n`;
}
