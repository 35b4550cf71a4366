/** A parser of untrusted input. */
export interface Target {
  readonly name: string;
  /** @throws if the parser throws although it must not, or its result is unsound */
  run(text: string): void;
}
