import type { Random } from '../../src/simulator/random.ts';
import type { Signals } from './signals.ts';

/** The behaviour of a lane's calls at one moment. Everything that may go wrong is a number here. */
export interface Conditions {
  /** Calls per second, all processes together. */
  readonly arrivals: number;
  /** Duration of an attempt in seconds, at the median. */
  readonly latency: number;
  /** Calls per minute that the account allows. */
  readonly limit: number;
  /** Share of that taken by others on the account. */
  readonly taken: number;
  /** Share of the limit at which the client starts to hold calls back. */
  readonly pacedTo: number;
  /** Seconds of the limit that can be saved up. */
  readonly savedSeconds: number;
  /** Seconds that a refusal asks to wait. */
  readonly retryAfter: number;
  /** Share of attempts by final status; the rest is answered. `none` means no answer at all. */
  readonly failing: Readonly<Record<string, number>>;
  /** Calls begin and no attempt ends. */
  readonly hanging: boolean;
  /** Share of streams that break off. */
  readonly interrupted: number;
  /** Seconds after which callers give up; 0 for never. */
  readonly deadline: number;
  /** Differences from a healthy day. */
  readonly signals?: Partial<Signals>;
}

/** An account shared by the processes of a service: a bucket that refills continuously. */
export class Account {
  #level: number;
  #room = 0;

  constructor({ limit, savedSeconds }: Conditions) {
    this.#level = (limit / 60) * savedSeconds;
  }

  /** @returns Calls that fit into the step. */
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

/** Log-normal around the median: most values are near it, a few several times as large. */
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
