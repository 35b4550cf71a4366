const numbers = new WeakMap<object, number>();
let next = 1;

/** A number of this process that stands for one object or function, whatever it contains. */
export function identityOf(value: object): number {
  let number = numbers.get(value);
  if (number === undefined) numbers.set(value, (number = next++));
  return number;
}
