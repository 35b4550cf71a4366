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
import type { CircuitState } from '../core/event-values.ts';
import { CircuitOpen, type Passage } from '../core/lane.ts';
import type { ResolvedBreaker } from '../options/breaker-options.ts';
import type { Breaker, BreakerDeps } from './circuit.ts';
import { FailureRatio } from './failure-ratio.ts';
import { InFlight } from './in-flight.ts';
import { answerWithin, Probe, ProbeUnanswered } from './probe.ts';
import { Sent } from './sent.ts';
import { WakeTimer } from './wake-timer.ts';

/** Reports to the policy a failure that came after its attempt had counted as a success. */
class LateFailure extends Error {}

/**
 * cockatiel's circuit breaker behind our own gate, which hides three of its behaviours from callers:
 * it holds all calls behind a probe, without limit and ignoring aborts (here they stay in the lane's queue);
 * it uses the wall clock (here its open time is always over, and the gate alone decides, on the monotonic clock);
 * and it lets an attempt from before the outage decide a probe (here such attempts no longer count).
 */
export class LaneBreaker implements Breaker {
  readonly maxWaitMs: number;
  lastFailure: unknown = undefined;
  readonly #deps: BreakerDeps;
  /** Attempts of the closed circuit. */
  readonly #inFlight: InFlight;
  readonly #ratio: FailureRatio;
  readonly #policy: CircuitBreakerPolicy;
  #state: 'closed' | 'open' | 'half_open' = 'closed';
  #openUntil = 0;
  /** Number of times the circuit has opened; distinguishes attempts from before and after. */
  #spell = 0;
  readonly #unansweredAfterMs: number;
  /** Probes in flight for which the circuit no longer waits. */
  #unanswered = 0;
  /** Whether one of those was answered while the circuit was waiting for another. */
  #alive = false;
  readonly #timer: WakeTimer;
  #shut = false;

  constructor(options: ResolvedBreaker, deps: BreakerDeps) {
    this.maxWaitMs = options.onOpen === 'fail' ? 0 : options.maxWaitMs;
    this.#unansweredAfterMs = options.halfOpenAfterMs;
    this.#deps = deps;
    this.#inFlight = new InFlight();
    this.#timer = new WakeTimer(deps.clock, () => this.#notify(deps.onWake));
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

  enter(): Passage {
    if (this.#state === 'closed') return this.#inFlight.begin(new Sent(this, this.#deps.clock.now(), this.#spell));
    // The policy becomes half-open inside this call, so that a second caller at the same time is refused.
    if (this.#probeDue()) return new Probe((answer) => this.#probe(answer));
    throw new CircuitOpen();
  }

  /** Not reported to the policy: the ratio counts the successes of a closed circuit. */
  answered(sent: Sent): void {
    this.#inFlight.end(sent, false);
    this.#ratio.succeeded(sent.at);
  }

  /** Neither a success nor a failure. */
  crowded(sent: Sent): void {
    this.#inFlight.end(sent, false);
  }

  broke(sent: Sent, error: unknown): Promise<void> | undefined {
    this.#inFlight.end(sent, true);
    // An attempt sent before the circuit opened says nothing about it now.
    if (this.#state !== 'closed' || sent.spell !== this.#spell) return undefined;
    if (!this.#deps.isFurtherFault(error)) return this.#tell(error);
    if (this.#ratio.failureAgain()) this.#trip();
    return undefined;
  }

  /** Lets the policy count a probe's result. The circuit waits for it no longer than it was open. */
  async #probe(answer: Promise<void>): Promise<void> {
    const { clock, onWake } = this.#deps;
    try {
      await this.#policy.execute(() => answerWithin(answer, this.#unansweredAfterMs, clock));
      return;
    } catch (error) {
      // The probe's own error goes to its caller.
      if (!(error instanceof ProbeUnanswered)) return;
    }
    this.#unanswered++;
    this.#notify(onWake);
    try {
      await answer;
      // Slow, but alive.
      this.#alive = true;
      if (this.#state === 'open') this.#reclose();
    } catch {
      // Too late to say anything.
    } finally {
      this.#unanswered--;
    }
  }

  /** A probe for which the circuit no longer waited was answered: let the policy count it anyway. */
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

  /** Lets the policy count a failure that did not come from one of its own executions. */
  async #tell(error: unknown): Promise<void> {
    try {
      await this.#policy.execute(() => {
        throw error;
      });
    } catch {
      // Only the error just thrown, which the policy has counted.
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
    this.#timer.stop();
  }

  #probeDue(): boolean {
    return this.#state === 'open' && this.#deps.clock.now() >= this.#openUntil;
  }

  #isFailure(error: unknown): boolean {
    if (error instanceof LateFailure || error instanceof ProbeUnanswered) return true;
    // The policy would take a neutral result of a probe as a success, and close.
    if (this.#deps.isNeutral(error)) return this.#state === 'half_open';
    if (!this.#deps.countsAsFailure(error)) return false;
    this.lastFailure = error;
    return true;
  }

  /** Called by the policy just before it opens, for `forMs`. */
  #open(time: IBackoff<unknown>, forMs: number = time.duration): IBackoff<IHalfOpenAfterBackoffContext> {
    this.#openUntil = this.#deps.clock.now() + forMs;
    const next: IBackoffFactory<IHalfOpenAfterBackoffContext>['next'] = ({ result }) => {
      // A probe without an answer proves nothing: the next one goes at once.
      const proved = !('error' in result) || !this.#provesNothing(result.error);
      return proved ? this.#open(time.next(undefined)) : this.#open(time, 0);
    };
    // Already over by any wall clock, even one that was set back.
    return { duration: -Infinity, next };
  }

  #provesNothing(error: unknown): boolean {
    return error instanceof ProbeUnanswered || this.#deps.isNeutral(error);
  }

  #changed(state: PolicyState): void {
    this.#timer.stop();
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
        else if (!this.#shut) this.#timer.wakeAt(this.#openUntil);
        break;
      case PolicyState.Isolated:
        // cockatiel's state for a breaker opened manually, which never happens here.
        throw new Error('The circuit is never isolated');
    }
    const now = this.#state;
    this.#notify(() => this.#deps.onState(now));
    if (now !== 'half_open') this.#notify(this.#deps.onWake);
  }

  /** An error of a listener would replace the call's own result inside the policy. */
  #notify(listener: () => void): void {
    if (this.#shut) return;
    try {
      listener();
    } catch {
      // The call goes on.
    }
  }
}
