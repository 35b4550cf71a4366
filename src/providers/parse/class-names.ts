/** Names of the classes of a value, the subclass first. */
export function classNames(value: object): string[] {
  const names: string[] = [];
  for (
    let prototype = Object.getPrototypeOf(value) as object | null;
    prototype && names.length < 10;
    prototype = Object.getPrototypeOf(prototype) as object | null
  ) {
    const name = (prototype.constructor as { name?: unknown } | undefined)?.name;
    if (typeof name === 'string') names.push(name);
  }
  return names;
}
