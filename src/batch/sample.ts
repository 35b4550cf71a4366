export interface Interval {
  readonly from: number;
  readonly to: number;
}

/** Below this count the deviation of the values says little about further ones. */
const FEW = 10;
const FEW_SPREAD = 1;

/** Mean and deviation of a number, without keeping its values (Welford). */
export class Sample {
  count = 0;
  sum = 0;
  min: number = Infinity;
  max = 0;
  #mean = 0;
  #squares = 0;

  add(value: number): void {
    this.count++;
    this.sum += value;
    this.min = Math.min(this.min, value);
    this.max = Math.max(this.max, value);
    const delta = value - this.#mean;
    this.#mean += delta / this.count;
    this.#squares += delta * (value - this.#mean);
  }

  /** Deviation as a fraction of the mean. */
  get spread(): number {
    if (this.#mean === 0) return 0;
    const deviation = this.count < 2 ? this.#mean : Math.sqrt(this.#squares / (this.count - 1));
    const known = deviation / this.#mean;
    return this.count < FEW ? Math.max(known, FEW_SPREAD / this.count) : known;
  }

  /** An upper estimate that few values exceed. */
  get nearlyMax(): number {
    return Math.min(this.max * (1 + 1 / this.count), this.#mean * (1 + 3 * this.spread));
  }

  /** Sum of `further` more values, within two standard errors: of the mean, and of that sum itself. */
  total(further: number): Interval {
    if (this.count === 0 || further <= 0) return { from: 0, to: 0 };
    const expected = further * this.#mean;
    const error = 2 * expected * this.spread * Math.sqrt(1 / this.count + 1 / further);
    return { from: Math.max(0, expected - error), to: expected + error };
  }
}
