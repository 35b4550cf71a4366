import type { AdmissionRequest, CircuitGate, Ticket } from '../../src/core/admission.ts';
import type { DimensionSnapshot } from '../../src/core/snapshot.ts';
import type { Dimension, Failure, LimitReading } from '../../src/core/outcome.ts';
import type { ChargeRule, RequestInfo } from '../../src/core/provider.ts';
import type { ResolvedPacing } from '../../src/options/pacing-options.ts';
import { type AdmissionConfig, createAdmission, type SharedAdmission } from '../../src/pacing/queue/lane-queue.ts';
import { VirtualClock } from '../helpers/virtual-clock.ts';

export const MINUTE = 60_000;
export const DAY = 86_400_000;

export const OPEN: CircuitGate = { openUntil: () => 0, maxInFlight: () => Infinity, maxWaitMs: 60_000 };

/** Charges actual usage: input and output, separately and in sum. */
export const ACTUAL: ChargeRule = {
  corrects: true,
  cachedInput: 'counts',
  countedInput: ({ inputTokens }) => inputTokens,
  reserve: ({ inputTokens, maxOutputTokens, expectedOutputTokens }) => ({
    tokens: inputTokens + (maxOutputTokens ?? expectedOutputTokens),
    inputTokens,
    outputTokens: expectedOutputTokens,
  }),
  charge: ({ inputTokens, outputTokens }) => ({ tokens: inputTokens + outputTokens, inputTokens, outputTokens }),
};

export const PACING: ResolvedPacing = {
  requestsPerMinute: undefined,
  tokensPerMinute: undefined,
  inputTokensPerMinute: undefined,
  outputTokensPerMinute: undefined,
  requestsPerDay: undefined,
  tokensPerDay: undefined,
  maxConcurrent: undefined,
  headroom: 0.02,
  mode: 'burst',
  countTokens: undefined,
};

export interface Harness {
  readonly clock: VirtualClock;
  readonly lane: SharedAdmission;
  readonly pauses: { forMs: number; dimension: Dimension }[];
  readonly limits: { dimension: Dimension; limit: number; source: DimensionSnapshot['source'] }[];
}

export function harness(config: Partial<AdmissionConfig> = {}): Harness {
  const clock = (config.clock as VirtualClock | undefined) ?? new VirtualClock();
  const pauses: Harness['pauses'] = [];
  const limits: Harness['limits'] = [];
  const lane = createAdmission({
    clock,
    random: () => 0.5,
    pacing: undefined,
    maxConcurrent: 100,
    maxQueued: 100_000,
    maxLimitWaitMs: 120_000,
    gate: OPEN,
    charge: ACTUAL,
    listener: {
      onPause: (forMs, dimension) => pauses.push({ forMs, dimension }),
      onLimit: (dimension, limit, _previous, source) => limits.push({ dimension, limit, source }),
      onBelief: () => undefined,
    },
    ...config,
  });
  return { clock, lane, pauses, limits };
}

export function info(over: Partial<RequestInfo> = {}): RequestInfo {
  return { operation: 'chat', model: 'm', stream: false, inputBytes: 0, attributes: {}, ...over };
}

const OWNER = {};

export function request(over: Partial<AdmissionRequest> = {}): AdmissionRequest {
  return {
    place: undefined,
    info: info(),
    refusals: 0,
    owner: OWNER,
    priority: 'normal',
    tenant: undefined,
    signal: undefined,
    deadlineAt: Infinity,
    ...over,
  };
}

export interface Watched {
  ticket: Ticket | undefined;
  error: unknown;
  at: number | undefined;
  readonly promise: Promise<void>;
}

/** Acquires, and records the result with its time. */
export function watch({ lane, clock }: Harness, over: Partial<AdmissionRequest> = {}): Watched {
  const watched: Watched = { ticket: undefined, error: undefined, at: undefined, promise: Promise.resolve() };
  const promise = Promise.resolve(lane.acquire(request(over))).then(
    (ticket) => {
      watched.ticket = ticket;
      watched.at = clock.now();
    },
    (error: unknown) => {
      watched.error = error;
      watched.at = clock.now();
    },
  );
  return Object.assign(watched, { promise });
}

/** A response head and a settlement without usage. */
export function finish(ticket: Ticket | undefined, readings: readonly LimitReading[] = []): void {
  if (!ticket) throw new Error('Nothing was admitted');
  ticket.onHead(readings, 200);
  ticket.settle({ outcome: 'ok' });
  ticket.release();
}

export function fail(ticket: Ticket | undefined, failure: Partial<Failure> & Pick<Failure, 'outcome'>): void {
  if (!ticket) throw new Error('Nothing was admitted');
  ticket.settle({ outcome: failure.outcome, failure: { retryable: true, advice: '', ...failure } });
  ticket.release();
}

export function reading(
  dimension: Dimension,
  limit: number,
  remaining: number,
  windowMs: number = MINUTE,
): LimitReading {
  return { dimension, limit, remaining, resetMs: ((limit - remaining) / limit) * windowMs, windowMs, source: 'header' };
}
