/** A closed set: a missing or an additional member is a type error. */
export type Closed<T extends string> = Readonly<Record<T, true>>;

export function valuesOf<T extends string>(set: Closed<T>): T[] {
  return Object.keys(set) as T[];
}

/** Whether a closed set has a value. Events are typed, yet labels are checked at run time too. */
export function isOneOf<T extends string>(set: Closed<T>, value: string): value is T {
  return Object.hasOwn(set, value);
}
