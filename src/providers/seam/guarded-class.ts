type Class = abstract new (...args: never[]) => object;

/**
 * A subclass whose instances are guarded, indistinguishable from the original: its name (the SDKs send it
 * as User-Agent), its statics, `instanceof` in both directions, and `withOptions()` clones.
 *
 * `guardClient` chooses the guard by the `tidegate` option of the constructor, which clones inherit.
 */
export function guardClass<T extends Class>(Original: T, guardClient: (client: object, option: unknown) => void): T {
  const Base = Original as unknown as new (...args: unknown[]) => object;
  const named = {
    [Original.name]: class extends Base {
      constructor(...args: unknown[]) {
        super(...args);
        // The SDK keeps options that it does not know, so a clone made by withOptions() has them too.
        const options = (this as { _options?: { tidegate?: unknown } })._options;
        guardClient(this, options?.tidegate);
      }
    },
  };
  const Guarded = named[Original.name]!;
  // `OpenAI.OpenAI`, `Groq.Groq`: the SDKs' classes name themselves.
  for (const name of Object.getOwnPropertyNames(Original)) {
    if ((Original as unknown as Record<string, unknown>)[name] === Original) {
      Object.defineProperty(Guarded, name, { value: Guarded, configurable: true, enumerable: true, writable: true });
    }
  }
  Object.defineProperty(Guarded, Symbol.hasInstance, {
    value(this: unknown, instance: unknown): boolean {
      // A class that extends this one inherits the method and must not match every client.
      return this === Guarded
        ? instance instanceof Original
        : Function.prototype[Symbol.hasInstance].call(this as () => void, instance);
    },
  });
  return Guarded as unknown as T;
}
