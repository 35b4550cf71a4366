import { patchModule } from './patch-module.ts';

const KEY = Symbol.for('tidegate.patchModule');
const PATCH = "globalThis[Symbol.for('tidegate.patchModule')]";

/** Lets the modules of the SDKs reach the patch: an import added to them would resolve from their folder. */
export function offerPatch(): void {
  Object.defineProperty(globalThis, KEY, { value: patchModule, configurable: true });
}

/** A module of an SDK that patches its classes behind its own code, which stays what and where it is. */
export function patchedSource(text: string, format: 'commonjs' | 'module', self: string): string {
  // Another copy of tidegate was here.
  if (text.includes(PATCH)) return text;
  // In a realm of its own (a test runner's) there is no patch to be called.
  if (format === 'commonjs') return `${text}\n;${PATCH}?.(module.exports);\n`;
  return `${text}\nimport * as tidegateSelf from ${JSON.stringify(self)};\n${PATCH}?.(tidegateSelf);\n`;
}
