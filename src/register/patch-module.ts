import { engine } from '../engine.ts';
import { isTidegateError } from '../errors.ts';
import { identifyFamily } from '../providers/seam/identify-client.ts';

type Method = (this: object, ...args: unknown[]) => unknown;

// A registered symbol, which other copies of tidegate see too.
const PATCHED = Symbol.for('tidegate.patched');

/**
 * Patches the client classes among a module's exports, so that each instance guards itself at its first
 * request. The classes keep their identity: error classes, `instanceof` and subclasses are untouched.
 */
export function patchModule(exports: unknown): void {
  if ((typeof exports !== 'object' && typeof exports !== 'function') || exports === null) return;
  for (const exported of Object.values(exports) as unknown[]) {
    if (typeof exported !== 'function') continue;
    const prototype = exported.prototype as object | undefined;
    if (prototype && identifyFamily(prototype) !== undefined) patchOwner(prototype);
  }
}

function patchOwner(prototype: object): void {
  for (let owner: object | null = prototype; owner; owner = Object.getPrototypeOf(owner) as object | null) {
    if (!Object.hasOwn(owner, 'makeRequest')) continue;
    const { makeRequest } = owner as { makeRequest: unknown };
    if (typeof makeRequest === 'function' && !(PATCHED in makeRequest)) patchMakeRequest(owner, makeRequest as Method);
    return;
  }
}

/** The SDKs call `makeRequest` on the instance; the first call installs the seam there and continues through it. */
function patchMakeRequest(owner: object, original: Method): void {
  let unsupported = false;
  const first: Method = function (...args) {
    // The application has guarded it itself, and its seam calls what it found here.
    if (unsupported || engine().isGuarded(this)) return original.apply(this, args);
    Object.defineProperty(this, 'makeRequest', { value: original, configurable: true, writable: true });
    try {
      engine().guardClient(this, undefined);
    } catch (error) {
      if (!isTidegateError(error)) throw error;
      unsupported = true;
      process.emitWarning(error.message, { type: 'TidegateWarning', code: error.code });
    }
    return (this as { makeRequest: Method }).makeRequest(...args);
  };
  // The seam tells the SDK's generation by the number of parameters.
  Object.defineProperties(first, { length: { value: original.length }, [PATCHED]: { value: true } });
  Object.defineProperty(owner, 'makeRequest', { value: first, configurable: true, writable: true });
}
