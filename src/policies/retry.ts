import { ConstantBackoff, handleType, retry } from 'cockatiel';
import { MAX_TIMER_MS } from '../core/clock.ts';
import type { RetryReason } from '../core/events.ts';
import { type CallRetry, type RetryContext, type RetryDecision, RetryRequested } from '../core/lane.ts';
import type { Failure, HintSource } from '../core/outcome.ts';
import type { ResolvedRetry } from '../options.ts';
import { Backoff } from './backoff.ts';
import type { RetryBudget } from './budget.ts';

/** Jitter on a wait that the server named, so that its callers do not come back in one instant. */
const HINT_JITTER = 0.1;

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
 * Retry policy of a lane. `decide` says what follows a failure; `execute` runs the loop and never sleeps:
 * cockatiel's own backoff ignores an abort, so the attempt waits, at its start.
 *
 * Waiting out a limit that will pass is neither counted nor charged to the budget: its number is bounded by the
 * deadline and `maxHintMs`. A 429 that does not say when to come back is counted but not charged. All else is both.
 */
export function createRetry(options: ResolvedRetry, deps: RetryDeps): { forCall(): CallRetry } {
  return { forCall: () => new Retry(options, deps) };
}

// One loop for all calls: it holds no state of a call. How often is decided by `decide`, not here.
const loop = retry(handleType(RetryRequested), { maxAttempts: Infinity, backoff: new ConstantBackoff(0) });

class Retry implements CallRetry {
  readonly #options: ResolvedRetry;
  readonly #deps: RetryDeps;
  #backoff: Backoff | undefined;

  constructor(options: ResolvedRetry, deps: RetryDeps) {
    this.#options = options;
    this.#deps = deps;
  }

  decide(failure: Failure, context: RetryContext): RetryDecision {
    if (!failure.retryable) return { retry: false, reason: 'not_retryable' };
    if (context.barred) return { retry: false, reason: context.barred };
    const wait = serverWait(failure);
    if (wait && wait.ms > this.#options.maxHintMs) return { retry: false, reason: 'max_wait' };
    return failure.outcome === 'throttled' && wait && wait.ms > 0
      ? this.#waitOut(wait, context)
      : this.#tryAgain(failure, wait, context);
  }

  execute<T>(fn: (attempt: number) => Promise<T>, signal?: AbortSignal): Promise<T> {
    return loop.execute(({ attempt }) => {
      signal?.throwIfAborted();
      return fn(attempt + 1);
    });
  }

  /** A limit that will pass: the whole lane waits, with a jitter of its own. */
  #waitOut(wait: ServerWait, context: RetryContext): RetryDecision {
    const delayMs = clamp(wait.ms);
    if (context.now + delayMs > context.deadlineAt) return { retry: false, reason: 'deadline' };
    return { retry: true, delayMs, source: wait.source, reason: 'rate_limit', counted: false, pausesLane: true };
  }

  #tryAgain(failure: Failure, wait: ServerWait | undefined, context: RetryContext): RetryDecision {
    if (context.remaining <= 0 && !context.probe) return { retry: false, reason: 'attempts' };
    const { initialDelayMs, maxDelayMs } = this.#options;
    this.#backoff ??= new Backoff(initialDelayMs, maxDelayMs, this.#deps.random);
    const backoff = this.#backoff.next();
    // A server that says when to come back is taken at its word, sooner than we would or later. At once is no time.
    const told = wait && wait.ms > 0 ? wait : undefined;
    const delayMs = clamp(told ? this.#jittered(told.ms) : backoff);
    if (context.now + delayMs > context.deadlineAt) return { retry: false, reason: 'deadline' };
    // Last, so that only a retry that follows is charged.
    const charged = failure.outcome !== 'throttled' && !context.probe;
    if (charged && this.#deps.budget?.withdraw() === false && !this.#deps.onBudgetSpent?.()) {
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

  #jittered(ms: number): number {
    return ms * (1 + HINT_JITTER * this.#deps.random());
  }
}

interface ServerWait {
  readonly ms: number;
  readonly source: HintSource;
}

/** How long the server asked to wait: its hint, or the reset of the limit that a throttled request hit. */
function serverWait(failure: Failure): ServerWait | undefined {
  if (failure.hintMs !== undefined) return { ms: failure.hintMs, source: failure.hintSource ?? 'retry_after' };
  const known = failure.dimension !== undefined && failure.dimension !== 'unknown';
  if (failure.outcome === 'throttled' && known && failure.resetMs !== undefined) {
    return { ms: failure.resetMs, source: 'reset_header' };
  }
  return undefined;
}

function reasonOf(failure: Failure): RetryReason {
  if (failure.headerRequested) return 'header_requested';
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
