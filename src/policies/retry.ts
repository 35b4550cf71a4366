import { MAX_TIMER_MS } from '../core/clock.ts';
import { isContent } from '../core/content-kinds.ts';
import type { RetryReason } from '../core/event-words.ts';
import {
  type CallRetry,
  PAUSES_OF_A_CALL,
  type RetryContext,
  type RetryDecision,
  WAITS_IN_VAIN,
} from '../core/lane.ts';
import { type Failure, type HintSource, isProviderFault } from '../core/outcome.ts';
import type { ResolvedRetry } from '../options/retry-options.ts';
import { Backoff } from './backoff.ts';
import type { RetryBudget } from './budget.ts';

/** Jitter on a wait that the server named, so that its callers do not come back in one instant. */
const HINT_JITTER = 0.1;
/** So many waits in a row that a server asked for, while nobody of the lane got through, are a promise that is not kept. */
const MAX_FRUITLESS = 10;
/** Of most limits: sooner, others on the account may have taken what was promised. */
const WINDOW_MS = 60_000;
/** Where nobody else of the lane waits, a call is refused in vain for this part of the longest wait that is agreed to. */
const ALONE = 0.5;
/** Longest backoff of a call that fails again and again while others get through: the SDKs' own. */
const MAX_BESIDE_MS = 8_000;
/** Longest that a call waits by itself because of a reset. */
const MAX_UNTIL_RESET_MS = 4_000;

export interface RetryDeps {
  /** Uniform numbers from 0 up to, not including, 1. */
  readonly random: () => number;
  /** Undefined when retries are not budgeted. */
  readonly budget: RetryBudget | undefined;
  /**
   * The budget is spent: the lane fails more than retries may make up for. True when the call may wait for
   * better times all the same, because somebody now keeps it from adding traffic.
   */
  readonly onBudgetSpent?: () => boolean;
}

/**
 * Retry policy of a lane: says what follows a failure. The loop around it is the call's.
 *
 * Waiting out a limit that will pass is neither counted nor charged to the budget: its number is bounded by the
 * deadline and `maxHintMs`, and by ten in a row, over more than a minute and half of the longest wait, while nobody else
 * gets through either; where others wait too, over as long as three such waits. So is a 429 that does not say when to
 * come back, where the lane knows how to wait for it; where the call has to, it is counted. So is every other failure; only
 * the provider's faults are charged, since the budget is there to spare a provider that fails, and a charge is given back when the
 * retry is answered.
 */
export function createRetry(options: ResolvedRetry, deps: RetryDeps): { forCall(): CallRetry } {
  return { forCall: () => new Retry(options, deps) };
}

class Retry implements CallRetry {
  readonly #options: ResolvedRetry;
  readonly #deps: RetryDeps;
  #backoff: Backoff | undefined;
  /** Whether the latest retry was charged to the budget. */
  #charged = false;
  #waits = 0;
  #fruitless = 0;
  #fruitlessSince = 0;
  /** What the lane had let through when the call was refused last. */
  #served = 0;
  /** The same, when it failed otherwise. */
  #servedAtFault = 0;

  constructor(options: ResolvedRetry, deps: RetryDeps) {
    this.#options = options;
    this.#deps = deps;
  }

  decide(failure: Failure, context: RetryContext): RetryDecision {
    this.#charged = false;
    if (!failure.retryable) return { retry: false, reason: 'not_retryable' };
    if (context.barred) return { retry: false, reason: context.barred };
    const wait = serverWait(failure);
    if (wait && wait.ms > this.#options.maxHintMs) return { retry: false, reason: 'max_wait' };
    if (failure.outcome === 'throttled') {
      if (wait && wait.ms > 0) return this.#waitOut(wait, context);
      if (context.waiter === 'lane') return this.#waitWithLane(context);
    }
    return this.#tryAgain(failure, wait, context);
  }

  answered(): void {
    if (this.#charged) this.#deps.budget?.refund();
  }

  /** A limit that will pass: the whole lane waits, with a jitter of its own, unless it knows better than to stop. */
  #waitOut(wait: ServerWait, context: RetryContext): RetryDecision {
    if (this.#fruitless === 0 || context.served !== this.#served) {
      this.#fruitless = 0;
      this.#fruitlessSince = context.now;
    }
    this.#fruitless++;
    this.#served = context.served;
    const inVainMs = context.now - this.#fruitlessSince;
    const { maxHintMs } = this.#options;
    const mostInVainMs =
      context.waiter === undefined ? Math.max(WINDOW_MS, ALONE * maxHintMs) : WAITS_IN_VAIN * maxHintMs;
    if (this.#fruitless > MAX_FRUITLESS && inVainMs > mostInVainMs) {
      return { retry: false, reason: 'max_wait' };
    }
    const repeated = ++this.#waits > PAUSES_OF_A_CALL;
    const pausesLane = !repeated && context.waiter !== 'call';
    const asked = pausesLane ? wait.ms : this.#jittered(wait.ms);
    // While others get through it is worth asking again soon.
    const backoff = repeated ? Math.min(this.#nextBackoff(), this.#fruitless > 1 ? Infinity : MAX_BESIDE_MS) : 0;
    // When a limit is whole again says little of when one call fits.
    const most = repeated && wait.source === 'reset_header' ? MAX_UNTIL_RESET_MS : Infinity;
    const delayMs = clamp(Math.max(Math.min(asked, most), backoff));
    if (context.now + delayMs > context.deadlineAt) return { retry: false, reason: 'deadline' };
    const source = delayMs === asked ? wait.source : 'backoff';
    return { retry: true, delayMs, source, reason: 'rate_limit', counted: false, pausesLane };
  }

  /** The server names no time, but the lane knows how to find it: it says for how long that is worth while. */
  #waitWithLane({ now, deadlineAt }: RetryContext): RetryDecision {
    if (now > deadlineAt) return { retry: false, reason: 'deadline' };
    return { retry: true, delayMs: 0, source: 'backoff', reason: 'rate_limit', counted: false, pausesLane: true };
  }

  #tryAgain(failure: Failure, wait: ServerWait | undefined, context: RetryContext): RetryDecision {
    if (context.remaining <= 0 && !context.probe) return { retry: false, reason: 'attempts' };
    // Faults that spare others are the provider's luck, not its load: a longer wait would not help it.
    const beside = context.served !== this.#servedAtFault;
    this.#servedAtFault = context.served;
    const backoff = Math.min(this.#nextBackoff(), beside ? MAX_BESIDE_MS : Infinity);
    // A server that says when to come back is taken at its word, sooner than we would or later. At once is no time.
    const told = wait && wait.ms > 0 ? wait : undefined;
    const delayMs = clamp(told ? this.#jittered(told.ms) : backoff);
    if (context.now + delayMs > context.deadlineAt) return { retry: false, reason: 'deadline' };
    // Last, so that only a retry that follows is charged.
    if (isProviderFault(failure) && !context.probe) {
      this.#charged = this.#deps.budget?.withdraw() ?? false;
      if (this.#deps.budget && !this.#charged && !this.#deps.onBudgetSpent?.())
        return { retry: false, reason: 'budget' };
    }
    return {
      retry: true,
      delayMs,
      source: told ? told.source : 'backoff',
      reason: reasonOf(failure),
      counted: !context.probe,
      pausesLane: false,
    };
  }

  #nextBackoff(): number {
    const { initialDelayMs, maxDelayMs } = this.#options;
    this.#backoff ??= new Backoff(initialDelayMs, maxDelayMs, this.#deps.random);
    return this.#backoff.next();
  }

  #jittered(ms: number): number {
    return ms * (1 + HINT_JITTER * this.#deps.random());
  }
}

interface ServerWait {
  readonly ms: number;
  readonly source: HintSource | 'backoff';
}

/** How long the server asked to wait: its hint, or the reset of the limit that a throttled request hit. */
function serverWait(failure: Failure): ServerWait | undefined {
  if (failure.hintMs !== undefined) return { ms: failure.hintMs, source: failure.hintSource ?? 'retry_after' };
  const content = isContent(failure.dimension) && failure.outcome === 'throttled';
  // The time that one of it takes to come back.
  if (content && failure.limit && failure.windowMs) {
    return { ms: failure.windowMs / failure.limit, source: 'reset_header' };
  }
  const known = failure.dimension !== undefined && failure.dimension !== 'unknown';
  if (failure.outcome === 'throttled' && known && failure.resetMs !== undefined) {
    return { ms: failure.resetMs, source: 'reset_header' };
  }
  return undefined;
}

function reasonOf(failure: Failure): RetryReason {
  if (failure.headerRequested) return 'header_requested';
  if (failure.timeLimit === 'first_content') return 'first_content';
  if (failure.noCapacity) return 'no_capacity';
  switch (failure.outcome) {
    case 'throttled':
      return 'rate_limit';
    case 'overloaded':
    case 'server_error':
    case 'timeout':
    case 'connection':
    case 'conflict':
      return failure.outcome;
    default:
      return 'other';
  }
}

function clamp(ms: number): number {
  return Math.min(MAX_TIMER_MS, ms);
}
