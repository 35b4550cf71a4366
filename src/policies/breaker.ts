import {
  circuitBreaker,
  CircuitState as PolicyState,
  ExponentialBackoff,
  handleWhen,
  noJitterGenerator,
  type CircuitBreakerPolicy,
  type IBackoff,
  type IBackoffFactory,
  type IHalfOpenAfterBackoffContext,
} from 'cockatiel';
import type { CircuitGate } from '../core/admission.ts';
import type { Clock } from '../core/clock.ts';
import type { CircuitState } from '../core/events.ts';
import { CircuitOpen, type Passage } from '../core/lane.ts';
import type { ResolvedBreaker } from '../options.ts';
import { FailureRatio } from './failure-ratio.ts';
import { InFlight } from './in-flight.ts';

export interface Breaker extends CircuitGate {
  /** Lets an attempt through a closed circuit. Undefined where it is not closed: `execute` says who may go then. */
  enter(): Passage | undefined;
  /** An attempt that was let through has been answered. */
  succeeded(passage: Passage): void;
  /** It has failed; what follows from that for the circuit has followed when the promise resolves. */
  failed(passage: Passage, error: unknown): Promise<void>;
  /**
   * Runs `fn` at once; waiting is the queue's job.
   * @throws CircuitOpen, without calling `fn`, when the gate would not have let the caller through.
   */
  execute<T>(fn: () => Promise<T>): Promise<T>;
  /**
   * An attempt that `execute` has counted as a success failed later. `isFurtherFault`: the provider had failed its call
   * before, which was counted.
   */
  recordFailure(isFurtherFault: boolean): void;
  /**
   * Opens a closed circuit at once, for evidence other than its own share of failures. False, and nothing done,
   * where no call would wait for it to close: the breaker is off, or calls fail while it is open.
   */
  trip(): boolean;
  state(): CircuitState;
  /** What the latest attempt that counted as a failure threw; undefined when none did. */
  readonly lastFailure: unknown;
  /** Leaves no timer behind; no callback follows. */
  close(): void;
}

export interface BreakerDeps {
  readonly clock: Clock;
  /** Whether an error says that the provider is failing: 5xx, overload, timeout, network; never 429 or another 4xx. */
  readonly countsAsFailure: (error: unknown) => boolean;
  /**
   * Whether an error says nothing about the provider: cancelled by the application, cut by its deadline, or
   * never sent. A probe that ends so is followed by the next one at once. Any other error that does not
   * count as a failure proves, in a probe, that the provider is alive.
   */
  readonly isNeutral: (error: unknown) => boolean;
  /** Whether an error is a fault of the provider to a call that it had failed before. */
  readonly isFurtherFault: (error: unknown) => boolean;
  readonly onState: (state: CircuitState) => void;
  /** The answer of the gate may have changed: opened, probe due, closed. */
  readonly onWake: () => void;
}

/** Circuit breaker of one lane; with undefined options, one that lets everything through. */
export function createBreaker(options: ResolvedBreaker | undefined, deps: BreakerDeps): Breaker {
  return options ? new LaneBreaker(options, deps) : PASS;
}

const ANY: Passage = { at: 0, spell: 0 };

const PASS: Breaker = {
  enter: () => ANY,
  succeeded() {},
  failed: () => Promise.resolve(),
  execute: (fn) => fn(),
  recordFailure() {},
  trip: () => false,
  state: () => 'closed',
  openUntil: () => 0,
  maxInFlight: () => Infinity,
  maxWaitMs: 0,
  lastFailure: undefined,
  close() {},
};

/** Tells the policy of a failure that came after its attempt had counted as a success. */
class LateFailure extends Error {}

/** A probe has not been answered for so long that the next one is let through beside it. */
class ProbeUnanswered extends Error {}

/**
 * cockatiel's circuit breaker behind a gate of our own. Three of its ways are kept from callers:
 * it parks everybody behind a probe, without limit and deaf to aborts (here they stay in the lane's queue);
 * it times with the wall clock (its open time is always over, and the gate alone decides, on the monotonic clock);
 * and it lets an attempt from before the outage decide a probe (such attempts are not counted any more).
 */
class LaneBreaker implements Breaker {
  readonly maxWaitMs: number;
  lastFailure: unknown = undefined;
  readonly #deps: BreakerDeps;
  /** Attempts of the closed circuit. */
  readonly #inFlight: InFlight;
  readonly #ratio: FailureRatio;
  readonly #policy: CircuitBreakerPolicy;
  #state: 'closed' | 'open' | 'half_open' = 'closed';
  #openUntil = 0;
  /** How often the circuit has opened; tells the attempts of one spell from those of an earlier one. */
  #spell = 0;
  readonly #unansweredAfterMs: number;
  /** Probes in flight that the circuit does not wait for any more. */
  #unanswered = 0;
  /** Whether one of those was answered while the circuit waits for another. */
  #alive = false;
  #cancelTimer: (() => void) | undefined;
  #shut = false;

  constructor(options: ResolvedBreaker, deps: BreakerDeps) {
    this.maxWaitMs = options.onOpen === 'fail' ? 0 : options.maxWaitMs;
    this.#unansweredAfterMs = options.halfOpenAfterMs;
    this.#deps = deps;
    this.#inFlight = new InFlight(deps.clock);
    this.#ratio = new FailureRatio(options, deps.clock, this.#inFlight, () => this.#state === 'closed');
    const openTimes = new ExponentialBackoff({
      initialDelay: options.halfOpenAfterMs,
      maxDelay: options.maxHalfOpenAfterMs,
      generator: noJitterGenerator,
    });
    this.#policy = circuitBreaker(
      handleWhen((error) => this.#isFailure(error)),
      { breaker: this.#ratio, halfOpenAfter: { next: () => this.#open(openTimes.next()) } },
    );
    this.#policy.onStateChange((state) => this.#changed(state));
  }

  enter(): Passage | undefined {
    return this.#state === 'closed' ? this.#inFlight.begin(this.#spell) : undefined;
  }

  /** The policy does not hear of it: successes of the closed circuit are the ratio's to count. */
  succeeded(passage: Passage): void {
    this.#inFlight.end(passage, false);
    this.#ratio.succeeded(passage.at);
  }

  async failed(passage: Passage, error: unknown): Promise<void> {
    this.#inFlight.end(passage, true);
    // What was sent before the circuit opened says nothing about it now.
    if (this.#state !== 'closed' || passage.spell !== this.#spell) return;
    if (!this.#deps.isFurtherFault(error)) await this.#tell(error);
    else if (this.#ratio.failureAgain()) this.#trip();
  }

  execute<T>(fn: () => Promise<T>): Promise<T> {
    const passage = this.enter();
    if (passage) return this.#run(passage, fn);
    // The policy turns half-open inside this call, so that a second caller of the same moment is refused.
    return this.#probeDue() ? this.#probe(fn) : Promise.reject(new CircuitOpen());
  }

  async #run<T>(passage: Passage, fn: () => Promise<T>): Promise<T> {
    let value: T;
    try {
      value = await fn();
    } catch (error) {
      await this.failed(passage, error);
      throw error;
    }
    this.succeeded(passage);
    return value;
  }

  /** Runs a probe, for which the circuit waits no longer than for the time it was open. */
  async #probe<T>(fn: () => Promise<T>): Promise<T> {
    const { clock, onWake } = this.#deps;
    let attempt!: Promise<T>;
    let stopWaiting!: () => void;
    try {
      return await this.#policy.execute(() => {
        attempt = fn();
        const unanswered = new Promise<never>((_resolve, reject) => {
          const giveUp = (): void => reject(new ProbeUnanswered());
          stopWaiting = clock.after(this.#unansweredAfterMs, giveUp, { unref: true });
        });
        return Promise.race([attempt, unanswered]);
      });
    } catch (error) {
      if (!(error instanceof ProbeUnanswered)) throw error;
    } finally {
      stopWaiting();
    }
    this.#unanswered++;
    this.#notify(onWake);
    try {
      const value = await attempt;
      // Slow, but alive.
      this.#alive = true;
      if (this.#state === 'open') this.#reclose();
      return value;
    } finally {
      this.#unanswered--;
    }
  }

  /** A probe was answered for which the circuit did not wait any more: has the policy count it all the same. */
  #reclose(): void {
    this.#alive = false;
    void this.#policy.execute(() => undefined);
  }

  recordFailure(isFurtherFault: boolean): void {
    if (this.#state !== 'closed') return;
    this.#ratio.takeBackSuccess();
    if (!isFurtherFault) void this.#tell(new LateFailure());
  }

  trip(): boolean {
    if (this.maxWaitMs === 0) return false;
    if (this.#state === 'closed') this.#trip();
    return true;
  }

  #trip(): void {
    this.#ratio.trip();
    void this.#tell(new LateFailure());
  }

  /** Has the policy count a failure that none of its own executions has brought. */
  async #tell(error: unknown): Promise<void> {
    try {
      await this.#policy.execute(() => {
        throw error;
      });
    } catch {
      // Only what was just thrown: the policy counts it on its way.
    }
  }

  state(): CircuitState {
    return this.#state;
  }

  openUntil(): number {
    return this.#state === 'open' && !this.#probeDue() ? this.#openUntil : 0;
  }

  maxInFlight(): number {
    switch (this.#state) {
      case 'closed':
        return Infinity;
      case 'open':
        return this.#unanswered + 1;
      case 'half_open':
        return this.#unanswered;
    }
  }

  close(): void {
    this.#shut = true;
    this.#cancelTimer?.();
  }

  #probeDue(): boolean {
    return this.#state === 'open' && this.#deps.clock.now() >= this.#openUntil;
  }

  #isFailure(error: unknown): boolean {
    if (error instanceof LateFailure || error instanceof ProbeUnanswered) return true;
    // The policy would take a probe's neutral end for a success, and close.
    if (this.#deps.isNeutral(error)) return this.#state === 'half_open';
    if (!this.#deps.countsAsFailure(error)) return false;
    this.lastFailure = error;
    return true;
  }

  /** Called by the policy just before it opens; `forMs` says for how long. */
  #open(time: IBackoff<unknown>, forMs: number = time.duration): IBackoff<IHalfOpenAfterBackoffContext> {
    this.#openUntil = this.#deps.clock.now() + forMs;
    const next: IBackoffFactory<IHalfOpenAfterBackoffContext>['next'] = ({ result }) => {
      // A probe without an answer has proved nothing: the next one goes at once.
      const proved = !('error' in result) || !this.#provesNothing(result.error);
      return proved ? this.#open(time.next(undefined)) : this.#open(time, 0);
    };
    // Over at once by any wall clock, stepped or not.
    return { duration: -Infinity, next };
  }

  #provesNothing(error: unknown): boolean {
    return error instanceof ProbeUnanswered || this.#deps.isNeutral(error);
  }

  #changed(state: PolicyState): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    switch (state) {
      case PolicyState.Closed:
        this.#state = 'closed';
        this.#alive = false;
        break;
      case PolicyState.HalfOpen:
        this.#state = 'half_open';
        break;
      case PolicyState.Open:
        this.#state = 'open';
        this.#spell++;
        if (this.#alive) queueMicrotask(() => this.#state === 'open' && this.#reclose());
        else if (!this.#shut) this.#wakeForProbe();
        break;
      case PolicyState.Isolated:
        // cockatiel's state for a breaker that was opened by hand, which none here is.
        throw new Error('The circuit is never isolated');
    }
    const now = this.#state;
    this.#notify(() => this.#deps.onState(now));
    if (now !== 'half_open') this.#notify(this.#deps.onWake);
  }

  #wakeForProbe(): void {
    const { clock, onWake } = this.#deps;
    // Without a queue no call needs the probe, so the timer must not keep the process alive.
    this.#cancelTimer = clock.after(
      this.#openUntil - clock.now(),
      () => {
        // Timers may fire a fraction of a millisecond early.
        if (this.#probeDue()) this.#notify(onWake);
        else this.#wakeForProbe();
      },
      { unref: true },
    );
  }

  /** What a listener throws would take the place of the call's own result inside the policy. */
  #notify(listener: () => void): void {
    if (this.#shut) return;
    try {
      listener();
    } catch {
      // The call goes on.
    }
  }
}
