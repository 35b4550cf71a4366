import { type Random, mulberry32, hash32 } from '../../src/simulator/random.ts';
import { Account, type Conditions } from './lane-model.ts';
import type { ProcessSpec } from './lane-metrics.ts';
import { Process } from './process.ts';
import { type Labels, type Registry, renderLabels } from './registry.ts';

const SCRAPE_SECONDS = 15;

/** An application with some processes on one account. Times are seconds since the start of the week. */
export interface ServiceSpec {
  readonly job: string;
  /** Where it runs; default: production in one cluster. */
  readonly where?: Labels;
  readonly lane: Omit<ProcessSpec, 'target' | 'peers'>;
  readonly processes: number;
  /** Number of processes by time, if it is scaled; at most `processes`. */
  scale?(at: number): number;
  /** Default 15. */
  readonly scrapeSeconds?: number;
  /** First and last second of its existence. */
  readonly from: number;
  readonly to: number;
  conditions(at: number, process: number): Conditions;
  /** Seconds at which all processes are replaced, one after the other. */
  readonly deploys?: readonly number[];
  /** Seconds between the replacements of two processes; default 40. */
  readonly rollingSeconds?: number;
  /** Seconds at which a process restarts in place: its counters start at zero. */
  readonly restarts?: readonly number[];
  /** Whether a process answers a scrape. */
  answers?(at: number, process: number): boolean;
  /** Whether service discovery has the targets. */
  listed?(at: number): boolean;
  /** Additional metrics of the processes. */
  more?(registry: Registry, at: number, process: number): void;
}

/** Seconds between the replacements of two processes. */
const ROLLING_SECONDS = 40;

interface Running {
  process: Process;
  target: Labels;
}

/** Runs one service and writes what Prometheus scrapes. */
export class Service {
  readonly #spec: ServiceSpec;
  readonly #random: Random;
  readonly #running: Running[] = [];
  #account: Account | undefined;
  #generation = 0;

  constructor(spec: ServiceSpec, seed: number) {
    this.#spec = spec;
    this.#random = mulberry32(hash32(spec.job + JSON.stringify(spec.where ?? {}), seed));
  }

  get spec(): ServiceSpec {
    return this.#spec;
  }

  /** One second. Appends a scrape if one is due and the target answers. */
  step(at: number, lines: string[], epoch: number, prometheusUp: boolean): void {
    const { from, to, deploys = [], restarts = [] } = this.#spec;
    const { scrapeSeconds = SCRAPE_SECONDS, rollingSeconds = ROLLING_SECONDS } = this.#spec;
    if (at < from || at > to) return;
    const processes = this.#spec.scale?.(at) ?? this.#spec.processes;
    // Calls of a replaced process restart with the next one.
    this.#running.length = Math.min(this.#running.length, processes);
    while (this.#running.length < processes) this.#running.push(this.#start(this.#running.length));
    for (const deploy of deploys) {
      const turn = (at - deploy) / rollingSeconds;
      if (Number.isInteger(turn) && turn >= 0 && turn < processes) this.#running[turn] = this.#start(turn);
    }
    if (restarts.includes(at) && processes > 0) this.#running[0] = this.#start(0, this.#running[0]!.target);
    const conditions = this.#spec.conditions(at, 0);
    this.#account ??= new Account(conditions);
    this.#account.refill(conditions, 1);
    for (let turn = 0; turn < processes; turn += 1) {
      // Each process asks first at times.
      const index = (at + turn) % processes;
      this.#running[index]!.process.step(at, 1 / processes, this.#account, this.#spec.conditions(at, index));
    }
    if (at % scrapeSeconds === 0 && prometheusUp) this.#scrape(at, lines, epoch);
  }

  #scrape(at: number, lines: string[], epoch: number): void {
    if (this.#spec.listed?.(at) === false) return;
    for (const [index, { process, target }] of this.#running.entries()) {
      const up = this.#spec.answers?.(at, index) ?? true;
      lines.push(`up${renderLabels(target)} ${up ? 1 : 0} ${epoch + at}`);
      if (!up) continue;
      process.gauges(at, this.#account!, this.#spec.conditions(at, index));
      this.#spec.more?.(process.registry, at, index);
      process.registry.scrape(lines, epoch + at);
    }
  }

  #start(index: number, target: Labels = this.#target(index)): Running {
    return { process: new Process({ ...this.#spec.lane, peers: this.#spec.processes, target }, this.#random), target };
  }

  #target(index: number): Labels {
    const { job, where = { cluster: 'eu', namespace: 'prod' } } = this.#spec;
    this.#generation += 1;
    return { ...where, job, instance: `10.0.${index}.${this.#generation}:9464` };
  }
}
