import type { Random } from '../../src/simulator/random.ts';
import { boundsOf } from './bounds.ts';
import type { ProcessSpec } from './lane-metrics.ts';
import { duration } from './lane-model.ts';
import type { Labels, Registry } from './registry.ts';
import type { Signals } from './signals.ts';

/** Latency of the store in seconds, at the median. */
const ANSWER = { well: 0.002, slow: 0.12 };
/** Exchanges of a process with its store per second: a lease is renewed every two. */
const A_SECOND = 0.5;
/** Share of exchanges that a healthy store does not answer in time. */
const LATE = 0.000_2;

/** A process's metrics on the store of shared limits. */
export class FleetMetrics {
  readonly #spec: ProcessSpec;
  readonly #registry: Registry;
  readonly #random: Random;
  readonly #bounds = boundsOf('tidegate.fleet.exchange_seconds');
  #mode: 'joining' | 'shared' | 'alone' = 'joining';

  constructor(spec: ProcessSpec, registry: Registry, random: Random) {
    this.#spec = spec;
    this.#registry = registry;
    this.#random = random;
    for (const fault of ['timeout', 'connection']) this.#failed(fault, 0);
  }

  step({ store }: Signals): void {
    if (this.#random() >= A_SECOND) return;
    if (store === 'gone') {
      this.#mode = 'alone';
      return this.#failed('connection', 1);
    }
    this.#mode = 'shared';
    const late = this.#random() < LATE;
    const seconds = late ? 0.5 : duration(this.#random, ANSWER[store]);
    this.#registry.observe('tidegate.fleet.exchange_seconds', {}, this.#bounds, seconds);
    if (late) this.#failed('timeout', 1);
  }

  gauges(limit: number): void {
    const { provider, model, dimension, peers = 1 } = this.#spec;
    for (const mode of ['joining', 'shared', 'alone']) {
      this.#registry.set('tidegate.fleet.lanes', { 'tidegate.fleet.mode': mode }, mode === this.#mode ? 1 : 0);
    }
    const lane: Labels = { 'gen_ai.provider.name': provider, 'gen_ai.request.model': model };
    const of = { ...lane, 'tidegate.limit.dimension': dimension };
    const leased = this.#mode === 'shared' ? (limit / peers) * (0.7 + 0.6 * this.#random()) : 0;
    this.#registry.set('tidegate.fleet.processes', lane, peers);
    this.#registry.set('tidegate.fleet.leased', of, leased);
    this.#registry.set('tidegate.fleet.overshoot_bound', of, leased / 60);
  }

  #failed(fault: string, amount: number): void {
    this.#registry.add('tidegate.fleet.exchange_errors', { 'tidegate.fleet.fault': fault }, amount);
  }
}
