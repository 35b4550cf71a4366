import type { Unit } from '../../core/dimensions.ts';
import type { LimitReading } from '../../core/outcome.ts';
import type { ChargeRule, RequestInfo } from '../../core/provider.ts';
import type { SentAttempt } from '../limits/sent-attempt.ts';
import type { Estimator } from './token-estimator.ts';

/** An amount of each unit that limits count. */
export type Amounts = Record<Unit, number>;

export function noAmounts(): Amounts {
  return { requests: 0, tokens: 0, inputTokens: 0, outputTokens: 0 };
}

// Field by field, here and below: a look-up by a name in a variable costs several times as much.

export function setAmounts(target: Amounts, amounts: Readonly<Amounts>): void {
  target.requests = amounts.requests;
  target.tokens = amounts.tokens;
  target.inputTokens = amounts.inputTokens;
  target.outputTokens = amounts.outputTokens;
}

/** Adds `amounts` to `sums`, or subtracts them. */
export function addAmounts(sums: Amounts, amounts: Readonly<Amounts>, sign: 1 | -1): void {
  sums.requests += sign * amounts.requests;
  sums.tokens += sign * amounts.tokens;
  sums.inputTokens += sign * amounts.inputTokens;
  sums.outputTokens += sign * amounts.outputTokens;
}

/** What one attempt takes of each limit, from its estimate to its settlement. */
export interface Reservation extends SentAttempt {
  readonly info: RequestInfo;
  /** Number of calls that the estimate is based on. */
  readonly learnedFrom: number;
  /** Input tokens estimated from the request's size, before any correction. */
  readonly rawInputTokens: number;
  readonly inputTokens: number;
  /** Input that limits will count. */
  readonly countedInputTokens: number;
  /** Lower bound of its input. */
  readonly leastInputTokens: number;
  readonly expectedOutputTokens: number;
  /** Whether usage of such a call has ever been observed; an unconfirmed estimate refuses no call. */
  readonly confirmed: boolean;
  /** Reserved amounts; 0 for what the provider does not count. */
  readonly reserved: Readonly<Amounts>;
  /** Current charge: at first the reservation, then what the provider actually counts. */
  readonly charged: Amounts;
  /** The lane's totals when this was sent; the difference to the current ones came after it. */
  readonly marks: Amounts;
  /** Sequence number of sending; 0 until sent. */
  sequence: number;
  sentAt: number;
  /** When the lane's previous attempt was sent. */
  previousAt: number;
  /** Attempts of the lane in flight when it was sent, itself included. */
  inFlight: number;
  state: 'planned' | 'sent' | 'headed' | 'settled';
  /** Its answer has begun, or there will be none. */
  answered: boolean;
  /** Its output may not have been generated yet. */
  outputPending: boolean;
  /** Limits in the headers of a refusal. */
  refusal: readonly LimitReading[] | undefined;
}

/** Whether part of a call's input may be read from a cache and not count. */
export function mayBeCached(info: RequestInfo, { cachedInput }: ChargeRule): boolean {
  return cachedInput === 'free' || (cachedInput === 'free_if_marked' && info.cached === true);
}

/**
 * What a call is expected to take, given what was learned. Written field by field: a spread is several times slower.
 */
export function createReservation(
  info: RequestInfo,
  estimator: Estimator,
  charge: ChargeRule,
  countedShare: number,
): Reservation {
  const estimate = estimator.estimate(info, mayBeCached(info, charge));
  const { countedInputTokens, expectedOutputTokens } = estimate;
  const { maxOutputTokens } = info;
  const counted = { inputTokens: countedInputTokens * countedShare, maxOutputTokens, expectedOutputTokens };
  const { tokens = 0, inputTokens = 0, outputTokens = 0 } = charge.reserve(counted);
  return {
    info,
    learnedFrom: estimator.calls,
    rawInputTokens: estimate.rawInputTokens,
    inputTokens: estimate.inputTokens,
    countedInputTokens,
    leastInputTokens: estimate.leastInputTokens,
    expectedOutputTokens,
    confirmed: estimate.confirmed,
    reserved: { requests: 1, tokens, inputTokens, outputTokens },
    charged: noAmounts(),
    marks: noAmounts(),
    sequence: 0,
    sentAt: 0,
    previousAt: 0,
    inFlight: 0,
    state: 'planned',
    answered: false,
    outputPending: false,
    refusal: undefined,
    before: undefined,
    after: undefined,
  };
}
