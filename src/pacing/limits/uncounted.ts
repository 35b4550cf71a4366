const MAX_LENGTH = 10_000;

interface Amount {
  readonly sequence: number;
  readonly amount: number;
}

/** Amounts of our requests that the provider turned out never to have counted. */
export class Uncounted {
  #amounts: Amount[] = [];

  /** `sequence`: of the request. Returns false once there are too many to keep. */
  add(sequence: number, amount: number): boolean {
    return this.#amounts.push({ sequence, amount }) <= MAX_LENGTH;
  }

  /** The sum of the requests after `from` up to `to`. */
  between(from: number, to: number): number {
    if (this.#amounts.length === 0) return 0;
    let sum = 0;
    for (const { sequence, amount } of this.#amounts) if (sequence > from && sequence <= to) sum += amount;
    return sum;
  }

  /** Removes and returns the sum up to a sequence number. */
  take(upTo: number): number {
    if (this.#amounts.length === 0) return 0;
    const sum = this.between(-Infinity, upTo);
    this.#amounts = this.#amounts.filter(({ sequence }) => sequence > upTo);
    return sum;
  }

  clear(): void {
    this.#amounts = [];
  }
}
