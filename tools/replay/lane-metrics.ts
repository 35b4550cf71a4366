import type { Account, Conditions } from './lane-model.ts';
import { boundsOf } from './bounds.ts';
import type { Uses } from './signals.ts';
import {
  ZERO_OUTCOMES,
  ZERO_RETRIES,
  ZERO_STATES,
  ZERO_STATUSES,
  ZERO_STREAMS,
  ZERO_DIMENSIONS,
} from '../../src/telemetry/zero-values.ts';
import { type Labels, Registry } from './registry.ts';

/** A process and its lane. */
export interface ProcessSpec {
  /** Labels of the target: job, instance, and where it runs. */
  readonly target: Labels;
  readonly provider: string;
  readonly model: string;
  readonly priority: 'interactive' | 'normal' | 'batch';
  readonly streams: boolean;
  /** The binding limit. */
  readonly dimension: 'requests' | 'tokens' | 'input_tokens';
  readonly uses?: Uses;
  /** Number of processes that share the account; set by the service. */
  readonly peers?: number;
}

const ATTEMPT_BOUNDS = boundsOf('tidegate.attempt.duration_seconds');
const WAIT_BOUNDS = boundsOf('tidegate.wait.duration_seconds');
const WINDOW_SECONDS = 60;
const TOLD = ['tidegate.ratelimit.limit', 'tidegate.ratelimit.remaining', 'tidegate.ratelimit.reset_seconds'] as const;
export const STATES = ['closed', 'open', 'half_open'] as const;
export type State = (typeof STATES)[number];

/** The state of the lane at a moment. */
export interface Standing {
  readonly queued: number;
  readonly oldest: number;
  readonly active: number;
  readonly admittedInAMinute: number;
  /** Seconds since an answer last stated a limit. */
  readonly toldAgo: number;
  /** Seconds for which nothing more is sent, as the provider has asked. */
  readonly paused: number;
  readonly state: string;
}

/** The metrics of one lane of one process. */
export class LaneMetrics {
  readonly registry: Registry;
  readonly #spec: ProcessSpec;
  readonly #call: Labels;
  readonly #lane: Labels;
  readonly #slots: number;
  readonly #places: number;
  readonly #entered = new Set<string>(['closed']);

  constructor(spec: ProcessSpec, slots: number, places: number) {
    this.#spec = spec;
    this.#slots = slots;
    this.#places = places;
    this.registry = new Registry(spec.target);
    this.#lane = { 'gen_ai.provider.name': spec.provider, 'gen_ai.request.model': spec.model };
    this.#call = { ...this.#lane, 'gen_ai.operation.name': 'chat' };
    this.#zeros();
  }

  /** Sets the gauges as a scrape finds them. */
  gauges(account: Account, now: Conditions, standing: Standing): void {
    const { registry } = this;
    registry.set('tidegate.build_info', { version: '0.1.0', sdk: 'js' }, 1);
    this.#limits(account, now, standing);
    const bulkhead = { 'gen_ai.provider.name': this.#spec.provider, 'tidegate.bulkhead': this.#lanes };
    registry.set('tidegate.bulkhead.active', bulkhead, standing.active);
    registry.set('tidegate.bulkhead.queued', bulkhead, standing.queued);
    registry.set('tidegate.bulkhead.capacity', bulkhead, this.#slots);
    registry.set('tidegate.bulkhead.queue_capacity', bulkhead, this.#places);
    registry.set('tidegate.queue.urgent', bulkhead, this.#spec.priority === 'batch' ? 0 : standing.queued);
    registry.set('tidegate.queue.oldest_wait_seconds', bulkhead, standing.oldest);
    registry.set('tidegate.queue.paused_seconds', bulkhead, standing.paused);
    for (const state of STATES) {
      // States other than closed exist from the first time that the circuit enters them.
      const is = state === standing.state;
      if (is) this.#entered.add(state);
      if (this.#entered.has(state)) registry.set('tidegate.circuit.state', this.#circuit(state), is ? 1 : 0);
    }
  }

  /** A stated limit expires with its window. */
  #limits(account: Account, now: Conditions, { toldAgo, admittedInAMinute }: Standing): void {
    const { registry } = this;
    const limit = { ...this.#lane, 'tidegate.limit.dimension': this.#spec.dimension };
    if (toldAgo < Infinity) {
      registry.set('tidegate.limit.utilization_ratio', limit, admittedInAMinute / now.limit);
      registry.set('tidegate.ratelimit.observed_age_seconds', this.#lane, toldAgo);
      registry.set('tidegate.pacer.rate_per_second', limit, admittedInAMinute / 60);
    }
    if (toldAgo > WINDOW_SECONDS) {
      for (const name of TOLD) registry.drop(name, limit);
      return;
    }
    const free = account.left * (1 - now.taken);
    registry.set('tidegate.ratelimit.limit', limit, now.limit);
    registry.set('tidegate.ratelimit.remaining', limit, free);
    registry.set('tidegate.ratelimit.reset_seconds', limit, Math.max(0, 6 - (free / now.limit) * 60));
  }

  get #lanes(): string {
    return `${this.#spec.provider}/${this.#spec.model}`;
  }

  #circuit(state: string): Labels {
    return {
      'gen_ai.provider.name': this.#spec.provider,
      'tidegate.circuit': this.#lanes,
      'tidegate.circuit.state': state,
    };
  }

  #zeros(): void {
    const { registry } = this;
    for (const outcome of ZERO_OUTCOMES) this.count('tidegate.calls', 'tidegate.outcome', outcome, 0);
    for (const status of ZERO_STATUSES) this.count('tidegate.attempts', 'http.response.status_code', status, 0);
    if (this.#spec.streams) {
      for (const end of ZERO_STREAMS) this.count('tidegate.streams', 'tidegate.stream.outcome', end, 0);
    }
    for (const reason of ZERO_RETRIES) this.count('tidegate.retries', 'tidegate.retry.reason', reason, 0);
    for (const each of ZERO_DIMENSIONS) {
      this.count('tidegate.ratelimit.rejections', 'tidegate.limit.dimension', each, 0);
    }
    for (const state of ZERO_STATES) registry.add('tidegate.circuit.transitions', this.#circuit(state), 0);
  }

  count(
    name:
      | 'tidegate.calls'
      | 'tidegate.attempts'
      | 'tidegate.streams'
      | 'tidegate.retries'
      | 'tidegate.ratelimit.rejections',
    label: string,
    value: string,
    amount = 1,
  ): void {
    this.registry.add(name, { ...this.#call, [label]: value }, amount);
  }

  entered(state: string): void {
    this.registry.add('tidegate.circuit.transitions', this.#circuit(state), 1);
  }

  refused(dimension: string = this.#spec.dimension): void {
    this.count('tidegate.ratelimit.rejections', 'tidegate.limit.dimension', dimension);
  }

  wait(cause: string, seconds: number): void {
    const priority = { 'tidegate.priority': this.#spec.priority };
    const stage = cause === 'circuit' || cause === 'bulkhead' ? cause : 'pacer';
    const labels = { ...this.#lane, 'tidegate.wait.stage': stage, ...priority };
    this.registry.observe('tidegate.wait.duration_seconds', labels, WAIT_BOUNDS, seconds);
    if (cause === 'none') return;
    const spent = { ...this.#lane, ...priority, 'tidegate.limit.dimension': cause };
    this.registry.add('tidegate.wait.spent_seconds', spent, seconds);
  }

  attempt(seconds: number): void {
    this.registry.observe('tidegate.attempt.duration_seconds', this.#call, ATTEMPT_BOUNDS, seconds);
  }
}
