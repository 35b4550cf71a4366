import type { Random } from '../../../src/simulator/random.ts';

/** Distributions of the kind that providers' numbers have. */
export class Draw {
  readonly random: Random;

  constructor(random: Random) {
    this.random = random;
  }

  chance(share: number): boolean {
    return this.random() < share;
  }

  between(from: number, to: number): number {
    return from + (to - from) * this.random();
  }

  /** Log-uniform. */
  logarithmic(from: number, to: number): number {
    return from * (to / from) ** this.random();
  }

  /** With a mean of 1; a `spread` of 1 makes one in twenty above 3. */
  heavyTailed(spread: number): number {
    const angle = 2 * Math.PI * this.random();
    const normal = Math.sqrt(-2 * Math.log(1 - this.random())) * Math.cos(angle);
    return Math.exp(spread * normal - (spread * spread) / 2);
  }

  /** One of the keys, with the probability of its weight. */
  among<K extends string>(weights: Readonly<Record<K, number>>): K {
    const entries = Object.entries(weights) as [K, number][];
    let left = this.random() * entries.reduce((sum, [, weight]) => sum + weight, 0);
    for (const [key, weight] of entries) {
      left -= weight;
      if (left < 0) return key;
    }
    return entries.at(-1)![0];
  }

  amongNumbers(weights: Readonly<Record<number, number>>): number {
    return Number(this.among(weights as Readonly<Record<string, number>>));
  }

  /** Two significant digits, as limits have. */
  round(value: number): number {
    return Number(value.toPrecision(2));
  }
}
