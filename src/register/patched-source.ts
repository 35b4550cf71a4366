import { patchModule } from './patch-module.ts';

const KEY = Symbol.for('tidegate.patchModule');
const PATCH = "globalThis[Symbol.for('tidegate.patchModule')]";

/**
 * Makes the patch reachable from the SDKs' modules: an import added to their source would resolve from their folder.
 */
export function offerPatch(): void {
  Object.defineProperty(globalThis, KEY, { value: patchModule, configurable: true });
}

/**
 * The source of an SDK's module with a call appended that patches its classes; the code before it keeps its positions.
 */
export function patchedSource(text: string, format: 'commonjs' | 'module', self: string): string {
  // Another copy of tidegate has patched it.
  if (text.includes(PATCH)) return text;
  // In another realm (as of a test runner) there is no patch to call.
  if (format === 'commonjs') return `${text}\n;${PATCH}?.(module.exports);\n`;
  return `${text}\nimport * as tidegateSelf from ${JSON.stringify(self)};\n${PATCH}?.(tidegateSelf);\n`;
}
