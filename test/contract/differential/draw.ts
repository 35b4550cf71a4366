/** Random choices that a seed reproduces. */
export class Draw {
  #state: number;

  constructor(seed: number) {
    // Decorrelates neighbouring seeds.
    this.#state = Math.imul(seed ^ 0x9e37_79b9, 0x85eb_ca6b) >>> 0;
    this.#next();
  }

  /** mulberry32 */
  #next(): number {
    this.#state = (this.#state + 0x6d2b_79f5) >>> 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  }

  chance(share: number): boolean {
    return this.#next() < share;
  }

  whole(min: number, max: number): number {
    return min + Math.floor(this.#next() * (max - min + 1));
  }

  pick<T>(of: readonly T[]): T {
    return of[this.whole(0, of.length - 1)]!;
  }

  pickWeighted<T>(of: readonly (readonly [weight: number, value: T])[]): T {
    let at = this.#next() * of.reduce((sum, [weight]) => sum + weight, 0);
    for (const [weight, value] of of) if ((at -= weight) < 0) return value;
    return of.at(-1)![1];
  }
}
