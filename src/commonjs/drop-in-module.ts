import { dropIn, dropInDefault, dropInExport } from '../drop-in.ts';
import { TidegateSetupError } from '../errors.ts';

interface DropInModule {
  readonly sdk: string;
  /** Loads the SDK by `require`. A function, so that the error for a missing SDK can name it. */
  readonly load: () => unknown;
  /** Client classes among its exports, the default one first. */
  readonly classes: readonly [string, ...string[]];
}

/**
 * `module.exports` of a drop-in, made as the SDKs make theirs: the client class itself, which can also be called
 * without `new`, with everything that the module exports on it.
 */
export function dropInModule({ sdk: name, load, classes }: DropInModule): unknown {
  const loaded = loadSdk(name, load);
  // A mock may be the class alone, or anything else.
  if (!isModule(loaded)) return dropIn(loaded);
  const [main] = classes;
  const guarded = new Map<string, unknown>(classes.map((each) => [each, dropInExport(loaded, each)]));
  const standard = dropInDefault(loaded, main, guarded.get(main));
  guarded.set('default', standard);
  // Only with mocks: a test may expect its own object.
  if ([...guarded].every(([key, value]) => value === undefined || value === loaded[key])) return loaded;
  return withExports(typeof standard === 'function' ? callable(standard as Class) : {}, loaded, guarded);
}

type Module = Readonly<Record<string, unknown>>;
type Class = new (...args: unknown[]) => object;

function isModule(loaded: unknown): loaded is Module {
  return (typeof loaded === 'object' && loaded !== null) || (typeof loaded === 'function' && 'default' in loaded);
}

function withExports(target: object, sdk: Module, guarded: ReadonlyMap<string, unknown>): object {
  for (const key of Object.getOwnPropertyNames(sdk)) {
    if (OF_FUNCTIONS.has(key)) continue;
    const replaced = guarded.get(key) !== undefined;
    Object.defineProperty(target, key, {
      enumerable: Object.prototype.propertyIsEnumerable.call(sdk, key),
      configurable: true,
      // Read at each access: tracers replace exports of a module after it was loaded.
      get: replaced ? () => guarded.get(key) : () => sdk[key],
    });
  }
  return target;
}

const OF_FUNCTIONS: ReadonlySet<string> = new Set(['length', 'name', 'prototype', 'arguments', 'caller']);

function callable(Client: Class): object {
  const facade = function (this: unknown, ...args: unknown[]): object {
    const target: unknown = new.target;
    const subclass = target !== undefined && target !== facade;
    return Reflect.construct<unknown[], object>(Client, args, subclass ? (target as Class) : Client);
  };
  facade.prototype = Client.prototype as object;
  Object.defineProperty(facade, 'name', { value: Client.name, configurable: true });
  Object.defineProperty(facade, Symbol.hasInstance, {
    value(this: unknown, instance: unknown): boolean {
      return this === facade
        ? instance instanceof Client
        : Function.prototype[Symbol.hasInstance].call(this as () => void, instance);
    },
  });
  return Object.setPrototypeOf(facade, Client) as object;
}

function loadSdk(name: string, load: () => unknown): unknown {
  try {
    return load();
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code !== 'MODULE_NOT_FOUND' || !message.includes(`'${name}'`)) throw error;
    throw new TidegateSetupError('missing_dependency', `This needs the package ${name}: npm install ${name}`, {
      cause: error,
    });
  }
}
