/** Which of the newest attempts were refused, by sequence number. */
export class RecentRefusals {
  readonly #refused: Uint8Array;

  /** Remembers `kept` attempts. */
  constructor(kept: number) {
    this.#refused = new Uint8Array(kept);
  }

  sent(sequence: number): void {
    this.#refused[sequence % this.#refused.length] = 0;
  }

  refused(sequence: number): void {
    this.#refused[sequence % this.#refused.length] = 1;
  }

  has(sequence: number): boolean {
    return this.#refused[sequence % this.#refused.length] === 1;
  }

  /** How many of the `among` attempts up to this sequence number were refused. */
  count(sequence: number, among: number): number {
    let refused = 0;
    for (let each = Math.max(1, sequence - among + 1); each <= sequence; each++) {
      refused += this.#refused[each % this.#refused.length]!;
    }
    return refused;
  }

  forget(): void {
    this.#refused.fill(0);
  }
}
