class Foreign {
  constructor(object: object) {
    // Makes the private field of a derived class one of that object.
    return object;
  }
}

/**
 * Keeps a value with an object of another owner, for as long as that object lives.
 * What a WeakMap does, at a fraction of its cost to the collector. The object must be extensible.
 */
export class PrivateFieldMap<T> {
  readonly set: (object: object, value: T | undefined) => void;
  readonly get: (object: object) => T | undefined;

  constructor() {
    class Attached extends Foreign {
      #value: T | undefined;

      constructor(object: object, value: T | undefined) {
        super(object);
        this.#value = value;
      }

      static write(object: object, value: T | undefined): void {
        if (#value in object) object.#value = value;
        else void new Attached(object, value);
      }

      static read(object: object): T | undefined {
        return #value in object ? object.#value : undefined;
      }
    }
    this.set = (object, value) => Attached.write(object, value);
    this.get = (object) => Attached.read(object);
  }
}
