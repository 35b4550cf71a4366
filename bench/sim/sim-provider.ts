import type { Clock } from '../../src/core/clock.ts';
import type { RetryHeader } from '../../src/simulator/dialects/dialect.ts';
import type { FaultKind } from '../../src/simulator/faults/fault-kinds.ts';
import type { HeaderFault } from '../../src/simulator/faults/faults.ts';
import { type Admitted, type Answer, type Decision, Exchange } from '../../src/simulator/exchange.ts';
import type { SimulatorProvider } from '../../src/simulator/limits/limit-rules.ts';
import type { SimulatorLimits } from '../../src/simulator/limits/limits.ts';
import { resolveOptions } from '../../src/simulator/options.ts';
import type { Random } from '../../src/simulator/random.ts';
import { Simulation } from '../../src/simulator/simulation.ts';
import { complete, type Receiver, type Reply, type Transport } from './transport.ts';
import type { Job } from './workload.ts';

export interface ProviderSetup {
  readonly provider: SimulatorProvider;
  readonly limits: SimulatorLimits;
  /** Seconds of the limits that can be spent at once. Default 60. */
  readonly bucketSeconds?: number;
  /** Part of the buckets available at the start: an application that restarts finds what it left. Default 1. */
  readonly fill?: number;
  /** Default SLOW. */
  readonly latency?: Latency;
  /** Which answers carry rate-limit headers. Default all. */
  readonly headers?: 'all' | 'success' | 'none';
  /** Hints of refusals. Default: the provider's. */
  readonly retryHeader?: RetryHeader;
  /** Refusals without any text or hint. */
  readonly mute?: boolean;
  /** Share of the refill that others take. */
  readonly neighbour?: number;
  readonly changes?: readonly { readonly atMs: number; readonly limits: SimulatorLimits }[];
  /** Share of requests that fail: 500, 502, overloaded or a reset connection. */
  readonly faults?: number;
  /** Everything fails in this time. */
  readonly outage?: { readonly fromMs: number; readonly untilMs: number };
}

/** Duration of an answer: the network, then the model. */
export interface Latency {
  readonly oneWayMs: number;
  readonly baseMs: number;
  readonly perTokenMs: number;
  /** 0.2 varies the model's time from 0.8 to 1.2 times. */
  readonly jitter: number;
}

/** A model of the size of GPT-4o. */
export const SLOW: Latency = { oneWayMs: 30, baseMs: 400, perTokenMs: 15, jitter: 0.2 };

const FAULT_MS = 200;
const DRAIN_STEPS = 8;
const MODEL = 'model';
const FAULTS: readonly FaultKind[] = ['server_error', 'bad_gateway', 'overloaded', 'connection_reset'];
const HEADERS = { all: 'normal', success: 'success_only', none: 'missing' } as const satisfies Record<
  NonNullable<ProviderSetup['headers']>,
  HeaderFault
>;

/** The simulated provider in virtual time, without HTTP and without texts: jobs state their tokens. */
export class SimProvider implements Transport {
  attempts = 0;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #simulation: Simulation;
  readonly #exchange: Exchange;
  readonly #latency: Latency;

  constructor(setup: ProviderSetup, clock: Clock, random: Random) {
    this.#clock = clock;
    this.#random = random;
    this.#latency = setup.latency ?? SLOW;
    this.#simulation = simulationOf(setup, clock, random);
    // All requests are of one account, and nothing depends on their names.
    this.#exchange = new Exchange(this.#simulation, { organization: 'org-1', requestId: 'req_1' });
    for (const { atMs, limits } of setup.changes ?? []) {
      clock.after(atMs, () => this.#simulation.update({ limits }));
    }
  }

  send(job: Job, receiver: Receiver): void {
    this.attempts++;
    this.#clock.after(this.#latency.oneWayMs, () => this.#arrive(job, receiver));
  }

  #arrive(job: Job, receiver: Receiver): void {
    const { oneWayMs } = this.#latency;
    const decision = this.#exchange.meetOutage() ?? this.#decide(job);
    switch (decision.kind) {
      case 'admitted':
        this.#generate(job, decision.admitted, receiver);
        break;
      case 'refused':
        this.#clock.after(oneWayMs, () => complete(receiver, replyOf(decision.answer)));
        break;
      case 'failed':
        this.#clock.after(FAULT_MS + oneWayMs, () => complete(receiver, replyOf(decision.answer)));
        break;
      case 'reset':
        this.#clock.after(FAULT_MS + oneWayMs, () => receiver.end(undefined));
        break;
      case 'hang':
        throw new Error('Expected faults that end, got a request left hanging');
    }
  }

  #decide({ arrivalTokens, maxOutputTokens, stream }: Job): Decision {
    const cost = { inputTokens: arrivalTokens, cachedTokens: 0, maxOutputTokens };
    return this.#exchange.decide({ model: MODEL, cost, streamed: stream });
  }

  #generate(job: Job, admitted: Admitted, receiver: Receiver): void {
    const { oneWayMs, baseMs, perTokenMs, jitter } = this.#latency;
    const reply = replyOf({ status: 200, headers: admitted.headers, body: undefined });
    const factor = 1 + jitter * (2 * this.#random() - 1);
    const begins = factor * baseMs;
    const lasts = factor * (baseMs + job.outputTokens * perTokenMs);
    if (admitted.drainsOutput) this.#drain(admitted, job, begins, lasts);
    if (job.stream) this.#clock.after(begins + oneWayMs, () => receiver.head(reply));
    this.#clock.after(lasts, () => {
      admitted.end(true, { inputTokens: job.inputTokens, cachedTokens: 0, outputTokens: job.outputTokens });
    });
    this.#clock.after(lasts + oneWayMs, () => {
      if (job.stream) receiver.end(reply);
      else complete(receiver, reply);
    });
  }

  #drain(admitted: Admitted, job: Job, begins: number, lasts: number): void {
    const step = job.outputTokens / DRAIN_STEPS;
    for (let index = 1; index <= DRAIN_STEPS; index++) {
      const at = begins + ((lasts - begins) * index) / DRAIN_STEPS - 1;
      this.#clock.after(at, () => admitted.drain(step));
    }
  }
}

function simulationOf(setup: ProviderSetup, clock: Clock, random: Random): Simulation {
  const { provider, limits, bucketSeconds = 60, fill = 1, headers = 'all', mute = false } = setup;
  const { retryHeader, neighbour, faults = 0, outage } = setup;
  const options = resolveOptions({
    provider,
    limits,
    bucketSeconds,
    initialFill: fill,
    requestsHeader: 'minute',
    refusalTexts: mute ? 'mute' : 'full',
    ...(mute ? { retryHeader: 'none' } : retryHeader === undefined ? {} : { retryHeader }),
    faults: {
      headers: HEADERS[headers],
      rates: Object.fromEntries(FAULTS.map((kind) => [kind, faults / FAULTS.length])),
      ...(neighbour === undefined ? {} : { neighbour: { share: neighbour } }),
      ...(outage && { outage }),
    },
    ...(faults > 0 ? { seed: Math.floor(random() * 2 ** 31) } : {}),
    clock,
  });
  return new Simulation(options);
}

function replyOf({ status, headers, body }: Answer): Reply {
  return { status, headers: new Headers(headers), body };
}
