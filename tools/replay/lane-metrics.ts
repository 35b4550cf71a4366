import type { Account, Conditions } from './lane-model.ts';
import { CALL_OUTCOMES, STREAM_OUTCOMES, valuesOf } from '../../src/telemetry/names.ts';
import { type Labels, Registry } from './registry.ts';

/** What a process is and what its lane is called. */
export interface ProcessSpec {
  /** Labels of the target: job, instance, and where it runs. */
  readonly target: Labels;
  readonly provider: string;
  readonly model: string;
  readonly priority: 'interactive' | 'normal' | 'batch';
  readonly streams: boolean;
  /** Limit that binds. */
  readonly dimension: 'requests' | 'tokens' | 'input_tokens';
}

const ATTEMPT_BOUNDS = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 40, 80, 160, 320, 600];
const WAIT_BOUNDS = [0, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1_800];
export const OUTCOMES = valuesOf(CALL_OUTCOMES);
export const STATUSES = ['200', '401', '403', '429', '500', '503', '529', 'none'];
const DIMENSIONS = ['requests', 'tokens', 'quota', 'unknown'];
export const STREAM_ENDS = valuesOf(STREAM_OUTCOMES);
export const STATES = ['closed', 'open', 'half_open'] as const;
export type State = (typeof STATES)[number];

/** What stands in the lane at a moment. */
export interface Standing {
  readonly queued: number;
  readonly oldest: number;
  readonly active: number;
  readonly admittedInAMinute: number;
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

  constructor(spec: ProcessSpec, slots: number, places: number) {
    this.#spec = spec;
    this.#slots = slots;
    this.#places = places;
    this.registry = new Registry(spec.target, 'exporter');
    this.#lane = { 'gen_ai.provider.name': spec.provider, 'gen_ai.request.model': spec.model };
    this.#call = { ...this.#lane, 'gen_ai.operation.name': 'chat' };
    this.#zeros();
  }

  /** Sets the gauges as a scrape finds them. */
  gauges(account: Account, now: Conditions, standing: Standing): void {
    const { registry } = this;
    const limit = { ...this.#lane, 'tidegate.limit.dimension': this.#spec.dimension };
    registry.set('tidegate.build_info', { version: '0.1.0', sdk: 'js' }, 1);
    registry.set('tidegate.ratelimit.limit', limit, now.limit);
    registry.set('tidegate.ratelimit.remaining', limit, account.left * (1 - now.taken));
    registry.set('tidegate.limit.utilization_ratio', limit, standing.admittedInAMinute / now.limit);
    const bulkhead = { 'gen_ai.provider.name': this.#spec.provider, 'tidegate.bulkhead': this.#lanes };
    registry.set('tidegate.bulkhead.active', bulkhead, standing.active);
    registry.set('tidegate.bulkhead.queued', bulkhead, standing.queued);
    registry.set('tidegate.bulkhead.capacity', bulkhead, this.#slots);
    registry.set('tidegate.bulkhead.queue_capacity', bulkhead, this.#places);
    registry.set('tidegate.queue.urgent', bulkhead, this.#spec.priority === 'batch' ? 0 : standing.queued);
    registry.set('tidegate.queue.tenant_share_ratio', bulkhead, 0);
    registry.set('tidegate.queue.oldest_wait_seconds', bulkhead, standing.oldest);
    for (const state of STATES) {
      registry.set('tidegate.circuit.state', this.#circuit(state), state === standing.state ? 1 : 0);
    }
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
    for (const outcome of OUTCOMES) this.count('tidegate.calls', 'tidegate.outcome', outcome, 0);
    for (const status of STATUSES) this.count('tidegate.attempts', 'http.response.status_code', status, 0);
    for (const end of STREAM_ENDS) this.count('tidegate.streams', 'tidegate.stream.outcome', end, 0);
    this.count('tidegate.retries', 'tidegate.retry.reason', 'rate_limit', 0);
    this.count('tidegate.retries', 'tidegate.retry.reason', 'server_error', 0);
    for (const each of new Set([...DIMENSIONS, this.#spec.dimension])) {
      this.count('tidegate.ratelimit.rejections', 'tidegate.limit.dimension', each, 0);
    }
    for (const state of ['open', 'closed']) registry.add('tidegate.circuit.transitions', this.#circuit(state), 0);
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
    const labels = {
      ...this.#lane,
      'tidegate.wait.stage': 'pacer',
      'tidegate.priority': this.#spec.priority,
      'tidegate.limit.dimension': cause,
    };
    this.registry.observe('tidegate.wait.duration', labels, WAIT_BOUNDS, seconds);
  }

  attempt(seconds: number, outcome: 'ok' | 'retryable' | 'fatal'): void {
    const labels = { ...this.#call, 'tidegate.attempt.outcome': outcome };
    this.registry.observe('tidegate.attempt.duration', labels, ATTEMPT_BOUNDS, seconds);
  }
}
