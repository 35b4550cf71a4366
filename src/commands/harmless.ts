/** Untrusted text without characters that control the terminal. */
export function harmless(line: string): string {
  return line.replace(/[\p{Cc}\p{Cf}\u2028\u2029]+/gu, ' ');
}
