import { engine } from './engine.ts';
import { guardClass } from './providers/seam/guarded-class.ts';
import { isStandInClass, standInMessage } from './providers/seam/stand-in.ts';

let warnedOfStandIn = false;

/** The guarded form of an SDK's client class. A test double is returned unchanged. */
export function dropIn<T>(Original: T): T {
  if (typeof Original !== 'function') return Original;
  if (!isStandInClass(Original)) {
    const guardClient = (client: object, option: unknown): void => engine().guardClient(client, option);
    return guardClass(Original as unknown as abstract new (...args: never[]) => object, guardClient) as unknown as T;
  }
  if (!warnedOfStandIn) process.emitWarning(standInMessage(Original.name), 'TidegateWarning');
  warnedOfStandIn = true;
  return Original;
}

/** A client class by its name among the SDK's exports; undefined where the SDK's version, or a mock, has none. */
export function dropInExport<M extends object, N extends keyof M & string>(sdk: M, name: N): M[N] {
  // A module mocked by vitest throws on access to a missing export.
  return dropIn(name in sdk ? sdk[name] : undefined) as M[N];
}

/** The default export: the class of that name, unless a mock has another one there. */
export function dropInDefault<M extends object, N extends keyof M & string>(sdk: M, name: N, named: M[N]): M[N] {
  const given = 'default' in sdk ? sdk.default : undefined;
  return given === undefined || (name in sdk && given === sdk[name]) ? named : (dropIn(given) as M[N]);
}
