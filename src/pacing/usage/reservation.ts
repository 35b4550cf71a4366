import type { Unit } from '../../core/dimensions.ts';
import type { LimitReading } from '../../core/outcome.ts';
import type { ChargeRule, RequestInfo } from '../../core/provider.ts';
import type { Estimator } from './token-estimator.ts';

/** So much of everything that limits count. */
export type Amounts = Record<Unit, number>;

export function noAmounts(): Amounts {
  return { requests: 0, tokens: 0, inputTokens: 0, outputTokens: 0 };
}

/** Adds `amounts` to `sums`, or takes them away. */
export function addAmounts(sums: Amounts, amounts: Readonly<Amounts>, sign: 1 | -1): void {
  sums.requests += sign * amounts.requests;
  sums.tokens += sign * amounts.tokens;
  sums.inputTokens += sign * amounts.inputTokens;
  sums.outputTokens += sign * amounts.outputTokens;
}

/** What one attempt takes of each limit, from its estimate to its settlement. */
export interface Reservation {
  readonly info: RequestInfo;
  /** How many calls the estimate had learned from. */
  readonly learnedFrom: number;
  /** Input tokens that the size of the request suggested, before any correction. */
  readonly rawInputTokens: number;
  readonly inputTokens: number;
  /** Input that limits will count. */
  readonly countedInputTokens: number;
  /** Input that it has for certain. */
  readonly leastInputTokens: number;
  readonly expectedOutputTokens: number;
  /** Whether a call of its kind was ever counted; an estimate that never was refuses nobody. */
  readonly confirmed: boolean;
  /** What was reserved; 0 for what the provider does not count. */
  readonly reserved: Readonly<Amounts>;
  /** What is charged at present: the reservation, then what the provider really counts. */
  readonly charged: Amounts;
  /** Totals of the lane when this was sent; tells what came after it. */
  readonly marks: Amounts;
  /** Order of sending; 0 until sent. */
  sequence: number;
  sentAt: number;
  /** Attempts of the lane in flight when it was sent, itself among them. */
  inFlight: number;
  state: 'planned' | 'sent' | 'headed' | 'settled';
  /** Its answer has begun, or there will be none. */
  answered: boolean;
  /** The provider has not generated its output yet, as far as we know. */
  outputPending: boolean;
  /** What the head of a refusal showed. */
  refusal: readonly LimitReading[] | undefined;
}

/** Whether a part of a call's input may be read from a cache and not count. */
export function mayBeCached(info: RequestInfo, { cachedInput }: ChargeRule): boolean {
  return cachedInput === 'free' || (cachedInput === 'free_if_marked' && info.cached === true);
}

/** What a call is expected to take, by what was learned so far. Field by field: a spread costs a call several times as much. */
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
    inFlight: 0,
    state: 'planned',
    answered: false,
    outputPending: false,
    refusal: undefined,
  };
}
