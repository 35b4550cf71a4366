/** A text from a file or from the network that must not steer the terminal. */
export function harmless(line: string): string {
  return line.replace(/[\p{Cc}\p{Cf}\u2028\u2029]+/gu, ' ');
}
