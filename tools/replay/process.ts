import type { Random } from '../../src/simulator/random.ts';
import { type Account, type Conditions, duration, poisson } from './lane-model.ts';
import { LaneMetrics, type ProcessSpec, type State } from './lane-metrics.ts';
import type { Registry } from './registry.ts';
import { SignalMetrics } from './signal-metrics.ts';
import { ORDINARY_SIGNALS, type Signals } from './signals.ts';

interface Waiting {
  readonly since: number;
  /** Number of earlier attempts. */
  readonly tried: number;
  /** Never sent yet. */
  readonly notBefore: number;
  readonly began: number;
}

interface Flying {
  readonly call: Waiting;
  readonly sent: number;
  readonly ends: number;
  readonly status: string;
}

// The guard's defaults.
const MAX_ATTEMPTS = 6;
const MAX_CONCURRENT = 100;
const MAX_QUEUED = 10_000;
const BUDGET = { ratio: 0.2, minimum: 20, window: 60 };
const BREAKER = { threshold: 0.5, minimum: 10, window: 60, openFor: 5, maxWait: 60 };
const HANG_TIMEOUT = 600;
/** A refusal that names none of our limits. */
const NO_CAPACITY = 'no_capacity';

/** One lane of one process, second by second: queue, slots, attempts, retries and circuit as in the guard. */
export class Process {
  readonly #metrics: LaneMetrics;
  readonly #signals: SignalMetrics;
  #now: Signals = ORDINARY_SIGNALS;
  readonly #spec: ProcessSpec;
  readonly #random: Random;
  #queue: Waiting[] = [];
  #flying: Flying[] = [];
  #state: State = 'closed';
  #openUntil = 0;
  #probe: Flying | undefined;
  #ended: { readonly at: number; readonly failed: boolean }[] = [];
  #retried: number[] = [];
  #admitted: number[] = [];
  /** The lane waits for the time that the provider asked for. */
  #refusedUntil = 0;
  #toldAt = -Infinity;

  constructor(spec: ProcessSpec, random: Random) {
    this.#spec = spec;
    this.#random = random;
    this.#metrics = new LaneMetrics(spec, MAX_CONCURRENT, MAX_QUEUED);
    this.#signals = new SignalMetrics(spec, this.#metrics.registry);
  }

  get registry(): Registry {
    return this.#metrics.registry;
  }

  /** Sets the gauges as a scrape finds them. */
  gauges(at: number, account: Account, now: Conditions): void {
    this.#admitted = this.#admitted.filter((each) => each > at - 60);
    const standing = {
      queued: this.#queue.length,
      oldest: at - (this.#queue[0]?.since ?? at),
      active: this.#flying.length,
      admittedInAMinute: this.#admitted.length,
      toldAgo: at - this.#toldAt,
      paused: Math.max(0, this.#refusedUntil - at),
      state: this.#state,
    };
    this.#metrics.gauges(account, now, standing);
    this.#signals.gauges(this.#now, standing, now.limit);
  }

  /** Advances by a second. */
  step(at: number, share: number, account: Account, now: Conditions): void {
    this.#now = now.signals ? { ...ORDINARY_SIGNALS, ...now.signals } : ORDINARY_SIGNALS;
    this.#end(at, now);
    const arrivals = poisson(this.#random, now.arrivals * share);
    this.#signals.step(this.#now, arrivals);
    for (let i = 0; i < arrivals; i += 1) this.#arrive(at);
    if (now.deadline > 0) this.#giveUp(at, now.deadline);
    this.#holdBack(at);
    this.#admit(at, account, now);
  }

  #arrive(at: number): void {
    if (this.#queue.length >= MAX_QUEUED) this.#fails('rejected_bulkhead', at, at);
    else this.#queue.push({ since: at, began: at, tried: 0, notBefore: at });
  }

  #outcome(outcome: string, at: number): void {
    this.#metrics.count('tidegate.calls', 'tidegate.outcome', outcome);
    const failed = outcome === 'retries_exhausted' || (outcome === 'timeout' && this.#state !== 'closed');
    if (failed || outcome.startsWith('success')) this.#ended.push({ at, failed });
  }

  #fails(outcome: string, at: number, began: number, type = outcome): void {
    this.#signals.failed(this.#now, type, at - began);
    this.#outcome(outcome, at);
  }

  #giveUp(at: number, deadline: number): void {
    const late = (call: Waiting): boolean => at - call.began >= deadline;
    for (const call of this.#queue) if (late(call)) this.#fails('timeout', at, call.began);
    this.#queue = this.#queue.filter((call) => !late(call));
    for (const { call, sent } of this.#flying) {
      if (!late(call)) continue;
      this.#fails('timeout', at, call.began);
      this.#metrics.count('tidegate.attempts', 'http.response.status_code', 'none');
      this.#metrics.attempt(at - sent);
    }
    this.#flying = this.#flying.filter(({ call }) => !late(call));
  }

  /** Calls that a circuit has held back for the maximum time. */
  #holdBack(at: number): void {
    if (this.#state === 'closed') return;
    const kept: Waiting[] = [];
    for (const call of this.#queue) {
      if (at - call.since < BREAKER.maxWait) kept.push(call);
      else {
        this.#metrics.wait('circuit', at - call.since);
        this.#fails('rejected_circuit', at, call.began);
      }
    }
    this.#queue = kept;
  }

  #admit(at: number, account: Account, now: Conditions): void {
    if (this.#state === 'open' && at >= this.#openUntil) this.#become('half_open');
    if (this.#state === 'open' || (this.#state === 'half_open' && this.#probe)) return;
    if (at < this.#refusedUntil) return;
    const probing = this.#state === 'half_open';
    const slots = probing ? 1 : MAX_CONCURRENT - this.#flying.length;
    const ready = this.#queue.filter((call) => call.notBefore <= at).slice(0, Math.max(0, slots));
    const granted = account.take(ready.length);
    if (granted === 0) return;
    const going = new Set(ready.slice(0, granted));
    this.#queue = this.#queue.filter((call) => !going.has(call));
    for (const call of going) {
      const waited = at - call.since;
      this.#metrics.wait(waited > 0 ? this.#spec.dimension : 'none', waited > 0 ? waited : this.#random() * 0.004);
      this.#admitted.push(at);
      const flight = this.#send(call, at, now);
      if (probing) this.#probe = flight;
    }
  }

  #send(call: Waiting, at: number, now: Conditions): Flying {
    const status = this.#statusOf(now);
    const fast = status !== '200' && status !== 'none';
    const takes = now.hanging ? HANG_TIMEOUT : fast ? 0.3 : duration(this.#random, now.latency);
    const flight = { call, sent: at, ends: at + takes, status: now.hanging ? 'none' : status };
    this.#flying.push(flight);
    return flight;
  }

  #statusOf({ failing, taken, limit, arrivals }: Conditions): string {
    let left = this.#random();
    for (const [status, share] of Object.entries(failing)) {
      left -= share;
      if (left < 0) return status;
    }
    if (this.#spec.uses?.tier !== undefined && this.#random() < this.#now.noCapacity) return NO_CAPACITY;
    // What others take is refused to us, as far as we ask for more than is left.
    const over = arrivals * 60 - limit * (1 - taken);
    if (taken > 0 && over > 0 && this.#random() < Math.min(0.5, over / (arrivals * 60))) return '429';
    return '200';
  }

  #end(at: number, now: Conditions): void {
    const ending = this.#flying.filter(({ ends }) => ends <= at);
    if (ending.length === 0) return;
    this.#flying = this.#flying.filter(({ ends }) => ends > at);
    for (const flight of ending) this.#settle(flight, at, now);
  }

  #settle(flight: Flying, at: number, now: Conditions): void {
    const { call, status, sent, ends } = flight;
    this.#metrics.count('tidegate.attempts', 'http.response.status_code', status === NO_CAPACITY ? '429' : status);
    if (status !== 'none') this.#toldAt = at;
    const probe = flight === this.#probe;
    if (probe) this.#probe = undefined;
    const good = status === '200' || /^4(?!29)/.test(status) || status === '429' || status === NO_CAPACITY;
    if (probe) this.#become(good ? 'closed' : 'open', at);
    switch (status) {
      case '200':
        this.#metrics.attempt(ends - sent);
        if (this.#spec.streams) {
          const broken = this.#random() < now.interrupted;
          this.#metrics.count('tidegate.streams', 'tidegate.stream.outcome', broken ? 'interrupted' : 'completed');
        }
        this.#signals.answered(this.#now, { took: at - call.began, sentAfter: sent - call.began, at });
        return this.#outcome(call.tried === 0 ? 'success' : 'success_after_retry', at);
      case '400':
      case '404':
        this.#metrics.attempt(ends - sent);
        return this.#fails('bad_request', at, call.began, status);
      case '401':
      case '403':
        this.#metrics.attempt(ends - sent);
        return this.#fails('client_error', at, call.began, status);
      case '402':
        this.#metrics.attempt(ends - sent);
        this.#metrics.refused('quota');
        return this.#fails('retries_exhausted', at, call.began, 'insufficient_quota');
      case NO_CAPACITY:
        this.#metrics.attempt(ends - sent);
        this.#metrics.refused('no_capacity');
        return this.#again(call, at, 'overloaded', false);
      case '429':
        this.#metrics.attempt(ends - sent);
        this.#metrics.refused();
        this.#refusedUntil = at + now.retryAfter;
        return this.#again(call, at, 'rate_limit', false);
      default:
        this.#metrics.attempt(ends - sent);
        return this.#again(call, at, status === 'none' ? 'timeout' : 'server_error', !probe);
    }
  }

  #again(call: Waiting, at: number, reason: string, budgeted: boolean): void {
    this.#retried = this.#retried.filter((each) => each > at - BUDGET.window);
    this.#ended = this.#ended.filter((each) => each.at > at - BREAKER.window);
    const spent = this.#retried.length >= BUDGET.minimum + BUDGET.ratio * this.#ended.length;
    if (budgeted && spent && this.#state === 'closed') this.#become('open', at);
    if (call.tried + 1 >= MAX_ATTEMPTS) return this.#fails('retries_exhausted', at, call.began, reason);
    if (budgeted) this.#retried.push(at);
    this.#metrics.count('tidegate.retries', 'tidegate.retry.reason', reason);
    const delay = 0.5 * 2 ** call.tried;
    this.#signals.retried(delay, reason === 'rate_limit');
    this.#queue.unshift({ ...call, since: at, tried: call.tried + 1, notBefore: at + delay });
    const failed = this.#ended.filter((each) => each.failed).length;
    if (failed >= BREAKER.minimum && failed > BREAKER.threshold * this.#ended.length) this.#become('open', at);
  }

  #become(state: State, at = 0): void {
    if (state === this.#state) return;
    this.#state = state;
    if (state === 'open') this.#openUntil = at + BREAKER.openFor;
    if (state === 'closed') [this.#ended, this.#retried] = [[], []];
    this.#metrics.entered(state);
  }
}
