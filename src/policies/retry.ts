import { MAX_TIMER_MS } from '../core/clock.ts';
import { isContent } from '../core/content-kinds.ts';
import type { RetryReason } from '../core/event-values.ts';
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

/** Jitter on a hint, so that callers do not return all at once. */
const HINT_JITTER = 0.1;
/** Hints waited out in a row, without any success in the lane, after which the server's promises are not believed. */
const MAX_FRUITLESS = 10;
/** Window of most limits. Before that, other users of the account may have taken what was promised. */
const WINDOW_MS = 60_000;
/** A call that waits alone gives up after this fraction of the longest accepted wait. */
const ALONE = 0.5;
/** Longest backoff of a call that keeps failing while others get through: the same as the SDKs'. */
const MAX_BESIDE_MS = 8_000;
/** Refusals of a call that are less likely than this by chance are its own. */
const UNLIKELY = 0.001;
/** Longest wait of a single call because of a reset. */
const MAX_UNTIL_RESET_MS = 4_000;
/** A call's last attempt comes this long after its first failure if nothing of its lane gets through meanwhile. */
const OUTAGE_MS = 36_000;
/** The last two waits are lengthened for that: the first takes this part of the time left, each at most so many times itself. */
const LAST_WAITS = 2;
const FIRST_OF_LAST = 1 / 3;
const LONGER = 4;

export interface RetryDeps {
  /** Uniform in [0, 1). */
  readonly random: () => number;
  /** Whether the lane waits for limits. Without that, every refusal counts as a retry. */
  readonly paces: boolean;
  /** Undefined without a budget. */
  readonly budget: RetryBudget | undefined;
  /**
   * The budget is spent: the lane fails more often than retries may compensate for. Returns whether the call may wait
   * for recovery anyway, because something else now keeps it from adding traffic.
   */
  readonly onBudgetSpent?: () => boolean;
}

/**
 * Retry policy of a lane: decides what follows a failure. The loop itself belongs to the call.
 *
 * Waiting out a limit is neither counted as a retry nor charged to the budget. It is bounded by the deadline, by
 * `maxHintMs`, and by ten waits in a row over more than a minute and half of the longest wait without any success in
 * the lane, or over three such waits if other calls wait too. The same holds for a 429 without a hint if the lane knows
 * how to wait for it. If the call waits by itself, the refusal counts as a retry once chance alone would hardly refuse the
 * same call so often, given how many others of its lane are refused, or once it has lasted as long as waits in vain may. So
 * does every other failure, except an overload that is one of many in flight, or that others meet as often while the lane serves.
 * The last retries come late if nothing of the lane gets through, so that a call on its own outlasts an outage. Only the provider's faults are charged, since the budget protects a failing provider; an
 * answered retry is refunded.
 */
export function createRetry(options: ResolvedRetry, deps: RetryDeps): { forCall(): CallRetry } {
  return { forCall: () => new Retry(options, deps) };
}

class Retry implements CallRetry {
  readonly #options: ResolvedRetry;
  readonly #deps: RetryDeps;
  #backoff: Backoff | undefined;
  /** Whether the latest retry was charged. */
  #charged = false;
  #waits = 0;
  #fruitless = 0;
  #fruitlessSince = 0;
  /** Successes of the lane at the call's last refusal. */
  #served = 0;
  /** Refusals without a wait, and what the lane had seen at the first of them. */
  #refusals = 0;
  #refusedFirst: Readonly<Record<'at' | 'served' | 'refused' | 'inFlight', number>> | undefined;
  /** Successes of the lane at the call's last other failure. */
  #servedAtFault = 0;
  #failingSince: number | undefined;
  /** Backoffs so far. */
  #retries = 0;

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
      this.#failingSince = undefined;
      if (wait && wait.ms > 0) return this.#waitOut(wait, context);
      if (context.waiter === 'lane') return this.#waitWithLane(context);
    }
    return this.#tryAgain(failure, wait, context);
  }

  answered(): void {
    if (this.#charged) this.#deps.budget?.refund();
  }

  /** A temporary limit: the whole lane waits, with its own jitter, unless it knows that it need not. */
  #waitOut(wait: ServerWait, context: RetryContext): RetryDecision {
    if (this.#fruitless === 0 || context.served !== this.#served) {
      this.#fruitless = 0;
      this.#fruitlessSince = context.now;
    }
    this.#fruitless++;
    this.#served = context.served;
    const inVainMs = context.now - this.#fruitlessSince;
    if (this.#fruitless > MAX_FRUITLESS && inVainMs > this.#mostInVainMs(context)) {
      return { retry: false, reason: 'max_wait' };
    }
    const repeated = ++this.#waits > PAUSES_OF_A_CALL;
    const pausesLane = !repeated && context.waiter !== 'call';
    const asked = pausesLane ? wait.ms : this.#jittered(wait.ms);
    // While others get through, an early retry is worthwhile.
    const backoff = repeated ? Math.min(this.#nextBackoff(), this.#fruitless > 1 ? Infinity : MAX_BESIDE_MS) : 0;
    // When a limit is full again says little about when a single call fits.
    const most = repeated && wait.source === 'reset_header' ? MAX_UNTIL_RESET_MS : Infinity;
    const delayMs = clamp(Math.max(Math.min(asked, most), backoff));
    if (context.now + delayMs > context.deadlineAt) return { retry: false, reason: 'deadline' };
    const source = delayMs === asked ? wait.source : 'backoff';
    return { retry: true, delayMs, source, reason: 'rate_limit', counted: false, pausesLane };
  }

  /** Whether a limit of the lane refused the call, rather than a server that is down, or one that does not like the call. */
  #isLimited({ outcome, noCapacity }: Failure, context: RetryContext): boolean {
    if (outcome === 'throttled') return this.#meetsOthersToo(context, true);
    if (outcome !== 'overloaded' || noCapacity) return false;
    const meetsOthers = this.#meetsOthersToo(context, false);
    return context.waiter === 'lane' || (meetsOthers && context.served > this.#refusedFirst!.served);
  }

  /** Whether the call's refusals are no more than its lane's lead to expect: then it is not the call that is refused. */
  #meetsOthersToo(context: RetryContext, isLimit: boolean): boolean {
    const { now, served, refused, inFlight } = context;
    const first = (this.#refusedFirst ??= { at: now, served, refused, inFlight });
    this.#refusals++;
    const others = refused - first.refused;
    // What was in flight then may have been served since, but says nothing about the time since.
    const through = Math.max(0, served - first.served - (isLimit ? first.inFlight : 0));
    const share = (others + 1) / (others + 1 + through);
    // Where nothing ever got through, no limit is known to be the cause.
    return served > 0 && now - first.at < this.#mostInVainMs(context) && share ** this.#refusals > UNLIKELY;
  }

  /** Longest time in which nothing needs to get through. */
  #mostInVainMs({ waiter }: RetryContext): number {
    const { maxHintMs } = this.#options;
    return waiter === undefined ? Math.max(WINDOW_MS, ALONE * maxHintMs) : WAITS_IN_VAIN * maxHintMs;
  }

  /** The server gives no hint, but the lane can find the time itself, within the limit that it returns. */
  #waitWithLane({ now, deadlineAt }: RetryContext): RetryDecision {
    if (now > deadlineAt) return { retry: false, reason: 'deadline' };
    return { retry: true, delayMs: 0, source: 'backoff', reason: 'rate_limit', counted: false, pausesLane: true };
  }

  #tryAgain(failure: Failure, wait: ServerWait | undefined, context: RetryContext): RetryDecision {
    // Faults that spare other calls are chance, not load: a longer wait would not help.
    const beside = context.served !== this.#servedAtFault;
    this.#servedAtFault = context.served;
    const limited = this.#deps.paces && this.#isLimited(failure, context);
    if (!limited && context.remaining <= 0 && !context.probe) return { retry: false, reason: 'attempts' };
    const backoff = Math.min(this.#nextBackoff(), beside ? MAX_BESIDE_MS : Infinity);
    // A server's hint is followed, whether shorter or longer than our backoff. A hint of 0 is not one.
    const told = wait && wait.ms > 0 ? wait : undefined;
    const soon = clamp(told ? this.#jittered(told.ms) : backoff);
    const isOutage = isProviderFault(failure) && !beside && !limited;
    const late = isOutage ? this.#outlasting(context) : 0;
    const isLate = late > soon && context.now + late <= context.deadlineAt;
    const delayMs = isLate ? late : soon;
    if (context.now + delayMs > context.deadlineAt) return { retry: false, reason: 'deadline' };
    // Last, so that only an actual retry is charged.
    if (isProviderFault(failure) && !context.probe && !limited) {
      this.#charged = this.#deps.budget?.withdraw() ?? false;
      if (this.#deps.budget && !this.#charged && !this.#deps.onBudgetSpent?.())
        return { retry: false, reason: 'budget' };
    }
    return {
      retry: true,
      delayMs,
      ...(isLate && { soonMs: soon }),
      source: told && !isLate ? told.source : 'backoff',
      reason: reasonOf(failure),
      counted: !context.probe && !limited,
      pausesLane: false,
    };
  }

  /** Wait with which the call's last attempts outlast an outage. */
  #outlasting({ now, remaining, probe }: RetryContext): number {
    const isFirst = this.#failingSince === undefined;
    this.#failingSince ??= now;
    if (isFirst || probe || remaining > LAST_WAITS) return 0;
    const leftMs = this.#failingSince + OUTAGE_MS - now;
    const waitMs = remaining > 1 ? FIRST_OF_LAST * leftMs : leftMs;
    return Math.min(waitMs, LONGER * this.#options.initialDelayMs * 2 ** (this.#retries - 1), this.#options.maxDelayMs);
  }

  #nextBackoff(): number {
    const { initialDelayMs, maxDelayMs } = this.#options;
    this.#retries++;
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

/** The wait that the server asked for: its hint, or the reset of the limit that refused. */
function serverWait(failure: Failure): ServerWait | undefined {
  if (failure.hintMs !== undefined) return { ms: failure.hintMs, source: failure.hintSource ?? 'retry_after' };
  const content = isContent(failure.dimension) && failure.outcome === 'throttled';
  // The time in which one unit refills.
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
