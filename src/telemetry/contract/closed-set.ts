/** A closed set: the type makes it an error to forget a member or to add one. */
export type Closed<T extends string> = Readonly<Record<T, true>>;

export function valuesOf<T extends string>(set: Closed<T>): T[] {
  return Object.keys(set) as T[];
}

/** Whether a closed set has a value. Events are typed, yet what reaches a label is checked all the same. */
export function isOneOf<T extends string>(set: Closed<T>, value: string): value is T {
  return Object.hasOwn(set, value);
}
