const numbers = new WeakMap<object, number>();
let next = 1;

/** A number that identifies an object or function within this process, by reference. */
export function identityOf(value: object): number {
  let number = numbers.get(value);
  if (number === undefined) numbers.set(value, (number = next++));
  return number;
}
