class Foreign {
  constructor(object: object) {
    // Installs the private field of a derived class on that object.
    return object;
  }
}

/**
 * Associates a value with an object owned by others, for the object's lifetime: a WeakMap at a fraction of its cost to
 * the garbage collector. The object must be extensible.
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
