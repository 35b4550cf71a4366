/** A parser of what somebody else sends. */
export interface Target {
  readonly name: string;
  /** @throws where the parser throws that may not, or what it made of the text is unsound. */
  run(text: string): void;
}
