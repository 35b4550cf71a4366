import type { Clock } from '../../src/core/clock.ts';
import { DIALECTS } from '../../src/simulator/dialects/dialects.ts';
import type { ErrorAnswer, ErrorContext, RetryHeader } from '../../src/simulator/dialects/dialect.ts';
import { LimitEngine } from '../../src/simulator/limits/limit-engine.ts';
import type { Reservation } from '../../src/simulator/limits/limit-engine-types.ts';
import type { SimulatorProvider } from '../../src/simulator/limits/limit-rules.ts';
import type { SimulatorLimits } from '../../src/simulator/limits/limits.ts';
import type { Random } from '../../src/simulator/random.ts';
import { complete, type Receiver, type Reply, type Transport } from './transport.ts';
import type { Job } from './workload.ts';

export interface ProviderSetup {
  readonly provider: SimulatorProvider;
  readonly limits: SimulatorLimits;
  /** Seconds of the limits that can be spent at once. Default 60. */
  readonly bucketSeconds?: number;
  /** Part of the buckets that is there at the start: an application that restarts finds what it left. Default 1. */
  readonly fill?: number;
  /** Default SLOW. */
  readonly latency?: Latency;
  /** Which answers carry rate-limit headers. Default all. */
  readonly headers?: 'all' | 'success' | 'none';
  /** Hints of refusals. Default: as the provider does. */
  readonly retryHeader?: RetryHeader;
  /** Refusals say nothing at all: no text, no hint. */
  readonly mute?: boolean;
  /** Share of the refill that others take. */
  readonly neighbour?: number;
  readonly changes?: readonly { readonly atMs: number; readonly limits: SimulatorLimits }[];
  /** Share of requests that fail: 500, 502, overloaded or a reset connection. */
  readonly faults?: number;
  /** Everything fails in this time. */
  readonly outage?: { readonly fromMs: number; readonly untilMs: number };
}

/** How long an answer takes: the network, then the model. */
export interface Latency {
  readonly oneWayMs: number;
  readonly baseMs: number;
  readonly perTokenMs: number;
  /** 0.2 lets the model take from 0.8 to 1.2 times as long. */
  readonly jitter: number;
}

/** A model of the size of GPT-4o. */
export const SLOW: Latency = { oneWayMs: 30, baseMs: 400, perTokenMs: 15, jitter: 0.2 };

const FAULT_MS = 200;
const DRAIN_STEPS = 8;
const ACCOUNT = 'account';
const MODEL = 'model';
const FAULTS = ['server_error', 'bad_gateway', 'overloaded', 'reset'] as const;
type Fault = (typeof FAULTS)[number];

/** The provider in virtual time: the simulator's own limits, headers and error texts, without HTTP. */
export class SimProvider implements Transport {
  attempts = 0;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #setup: ProviderSetup;
  readonly #engine: LimitEngine;
  readonly #latency: Latency;

  constructor(setup: ProviderSetup, clock: Clock, random: Random) {
    this.#setup = setup;
    this.#clock = clock;
    this.#random = random;
    this.#latency = setup.latency ?? SLOW;
    const { provider, limits, bucketSeconds = 60, fill = 1 } = setup;
    this.#engine = new LimitEngine({
      provider,
      limitsOf: () => limits,
      bucketSeconds: { requests: bucketSeconds, tokens: bucketSeconds },
      initialFill: fill,
    });
    const share = setup.neighbour;
    if (share !== undefined) this.#engine.setNeighbour({ share, fromMs: 0, untilMs: Infinity }, 0);
    for (const change of setup.changes ?? []) {
      clock.after(change.atMs, () => this.#engine.setLimits(() => change.limits, clock.now()));
    }
  }

  send(job: Job, receiver: Receiver): void {
    this.attempts++;
    this.#clock.after(this.#latency.oneWayMs, () => this.#arrive(job, receiver));
  }

  #arrive(job: Job, receiver: Receiver): void {
    const now = this.#clock.now();
    const { oneWayMs, baseMs, perTokenMs, jitter } = this.#latency;
    const fault = this.#fault(now);
    if (fault) {
      this.#engine.countFailed(ACCOUNT, MODEL, now);
      this.#clock.after(FAULT_MS + oneWayMs, () => this.#fail(fault, receiver));
      return;
    }
    const { arrivalTokens, maxOutputTokens } = job;
    const request = { account: ACCOUNT, model: MODEL, inputTokens: arrivalTokens, maxOutputTokens };
    const admitted = this.#engine.admit(request, now);
    if (!admitted.admitted) {
      const answer = this.#setup.mute
        ? this.#dialect.faults.unknown_429!(this.#context)
        : this.#dialect.refuse(admitted, this.#context);
      this.#clock.after(oneWayMs, () => complete(receiver, this.#reply(answer, headers)));
      // Headers describe the moment of admission, whenever they arrive.
      const headers = this.#headers(answer.limitHeaders ? 'failure' : 'none');
      return;
    }
    const headers = this.#headers('success');
    const reply: Reply = { status: 200, headers, body: undefined };
    const factor = 1 + jitter * (2 * this.#random() - 1);
    const begins = factor * baseMs;
    const lasts = factor * (baseMs + job.outputTokens * perTokenMs);
    if (this.#engine.drainsOutput) this.#drain(admitted, job, begins, lasts);
    if (job.stream) this.#clock.after(begins + oneWayMs, () => receiver.head(reply));
    this.#clock.after(lasts, () => {
      const usage = { inputTokens: job.inputTokens, cachedTokens: 0, outputTokens: job.outputTokens };
      this.#engine.settle(admitted, usage, this.#clock.now());
    });
    this.#clock.after(lasts + oneWayMs, () => {
      if (job.stream) receiver.end(reply);
      else complete(receiver, reply);
    });
  }

  #fault(now: number): Fault | undefined {
    const { outage, faults } = this.#setup;
    if (outage && now >= outage.fromMs && now < outage.untilMs) return 'overloaded';
    if (faults === undefined || this.#random() >= faults) return undefined;
    return FAULTS[Math.floor(this.#random() * FAULTS.length)];
  }

  #fail(fault: Fault, receiver: Receiver): void {
    if (fault === 'reset') receiver.end(undefined);
    else complete(receiver, this.#reply(this.#dialect.faults[fault]!(this.#context), this.#headers('none')));
  }

  #drain(admitted: Reservation, job: Job, begins: number, lasts: number): void {
    const step = job.outputTokens / DRAIN_STEPS;
    for (let index = 1; index <= DRAIN_STEPS; index++) {
      const at = begins + ((lasts - begins) * index) / DRAIN_STEPS - 1;
      this.#clock.after(at, () => this.#engine.drain(admitted, step, this.#clock.now()));
    }
  }

  #reply(answer: ErrorAnswer, headers: Headers): Reply {
    for (const [name, value] of Object.entries(answer.headers ?? {})) headers.set(name, value);
    return { status: answer.status, headers, body: answer.body };
  }

  #headers(kind: 'success' | 'failure' | 'none'): Headers {
    const { headers = 'all' } = this.#setup;
    if (kind === 'none' || headers === 'none' || (headers === 'success' && kind === 'failure')) return new Headers();
    const wallMs = this.#clock.wall();
    const levels = this.#engine.levels(ACCOUNT, MODEL, this.#clock.now());
    const options = { wallMs, requestsHeader: 'minute', epochResets: true, absoluteResets: false } as const;
    const found = new Headers(this.#dialect.limitHeaders(levels, options));
    found.set('date', new Date(wallMs).toUTCString());
    return found;
  }

  get #dialect(): (typeof DIALECTS)[SimulatorProvider] {
    return DIALECTS[this.#setup.provider];
  }

  get #context(): ErrorContext {
    return {
      model: MODEL,
      organization: 'org-1',
      requestId: 'req_1',
      wallMs: this.#clock.wall(),
      apiVersion: '',
      retryHeader: this.#setup.retryHeader ?? this.#dialect.defaultRetryHeader,
      concurrencyThrottles: false,
      retryAfterSeconds: undefined,
    };
  }
}
