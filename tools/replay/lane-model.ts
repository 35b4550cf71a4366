import type { Random } from '../../src/simulator/random.ts';
import type { Signals } from './signals.ts';

/** How calls of a lane go at one moment. Everything that may go wrong is a number here. */
export interface Conditions {
  /** Calls a second, all processes together. */
  readonly arrivals: number;
  /** Seconds that an attempt takes, at the median. */
  readonly latency: number;
  /** Calls a minute that the account has room for. */
  readonly limit: number;
  /** Share of that which others on the account take. */
  readonly taken: number;
  /** Share of the limit beyond which the client holds calls back by itself. */
  readonly pacedTo: number;
  /** Seconds for which the account saves up what is not used. */
  readonly savedSeconds: number;
  /** Seconds that a refusal asks to wait for. */
  readonly retryAfter: number;
  /** Share of attempts by the status that they end with; what is left is answered. `none` has no answer at all. */
  readonly failing: Readonly<Record<string, number>>;
  /** Calls begin and no attempt ends. */
  readonly hanging: boolean;
  /** Share of streams that break. */
  readonly interrupted: number;
  /** Seconds after which callers give up; 0 for never. */
  readonly deadline: number;
  /** What is not as it is on a good day. */
  readonly signals?: Partial<Signals>;
}

/** An account that the processes of a service share: a bucket that refills all the time. */
export class Account {
  #level: number;
  #room = 0;

  constructor({ limit, savedSeconds }: Conditions) {
    this.#level = (limit / 60) * savedSeconds;
  }

  /** @returns calls that fit into the step. */
  refill({ limit, savedSeconds, taken, pacedTo }: Conditions, seconds: number): void {
    const free = limit * Math.min(pacedTo, 1) * (1 - taken);
    this.#level = Math.min(this.#level + (free / 60) * seconds, Math.max(1, (limit / 60) * savedSeconds));
    this.#room = Math.floor(this.#level);
  }

  take(wanted: number): number {
    const granted = Math.min(wanted, this.#room);
    this.#level -= granted;
    this.#room -= granted;
    return granted;
  }

  get left(): number {
    return Math.max(0, this.#level);
  }
}

/** Log-normal around the median: most calls are near it, a few take several times as long. */
export function duration(random: Random, median: number): number {
  const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  return median * Math.exp(0.5 * normal);
}

export function poisson(random: Random, mean: number): number {
  if (mean > 50) {
    const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
    return Math.max(0, Math.round(mean + Math.sqrt(mean) * normal));
  }
  const limit = Math.exp(-mean);
  let count = 0;
  for (let product = random(); product > limit; product *= random()) count += 1;
  return count;
}
