import { PrivateFieldMap } from '../../core/private-field-map.ts';

/** Replacements for members of `owner`; `valueOf` gives the value attached to a response. */
type Members<T> = (owner: object, valueOf: (response: Response) => T | undefined) => PropertyDescriptorMap;

/**
 * Replaces members of responses. They get a prototype of ours before their own: one change of the prototype costs
 * a quarter of what seven properties do.
 */
export class ResponseOverride<T> {
  readonly #members: Members<T>;
  readonly #names: ReadonlySet<string>;
  /** Keyed by prototype of the responses: a process has only a few. */
  readonly #prototypes = new WeakMap<object, object>();
  readonly #values = new PrivateFieldMap<T>();

  constructor(names: readonly string[], members: Members<T>) {
    this.#members = members;
    this.#names = new Set(names);
  }

  /** A frozen test double stays as it is. */
  apply(response: Response, value: T): void {
    if (!Object.isExtensible(response)) return;
    if (this.#isChanged(response)) {
      const own = this.#members(response, () => value);
      for (const [name, descriptor] of Object.entries(own)) Reflect.defineProperty(response, name, descriptor);
      return;
    }
    this.#values.set(response, value);
    Object.setPrototypeOf(response, this.#prototype(Object.getPrototypeOf(response) as object));
  }

  /** A test double, a response patched by other code, or one that is guarded already. */
  #isChanged(response: Response): boolean {
    if (this.#values.get(response) !== undefined) return true;
    return Object.getOwnPropertyNames(response).some((name) => this.#names.has(name));
  }

  #prototype(prototype: object): object {
    let guarded = this.#prototypes.get(prototype);
    if (!guarded) {
      guarded = Object.create(prototype, this.#members(prototype, this.#values.get)) as object;
      this.#prototypes.set(prototype, guarded);
    }
    return guarded;
  }
}
