import { failing, type Fault, fault, FAULT_AT } from './fault.ts';
import { HOUR } from './week.ts';

/** Faults of the provider, the network or the key. */
export const PROVIDER_FAULTS: readonly Fault[] = [
  fault({
    id: 'outage',
    what: 'the provider answers 503 to everything',
    expected: ['TidegateCircuitOpen'],
    severity: 'critical',
    during: failing({ '503': 1 }),
  }),
  fault({
    id: 'overloaded',
    what: 'the provider answers 529 to two of five attempts',
    expected: ['TidegateProviderOverloaded', 'TidegateCircuitOpen', 'TidegateCircuitFlapping', 'TidegateRetrySpike'],
    severity: 'warning',
    during: failing({ '529': 0.4 }),
  }),
  fault({
    id: 'hang',
    what: 'the provider accepts every request and answers none',
    expected: ['TidegateStalled', 'TidegateCircuitOpen'],
    severity: 'critical',
    during: () => ({ hanging: true }),
  }),
  fault({
    id: 'one-process',
    what: 'one process of five cannot reach the provider',
    expected: ['TidegateCircuitOpen'],
    severity: 'warning',
    during: (_, process) => (process === 4 ? { failing: { none: 1 } } : {}),
    // The whole window of the burn alerts: a younger job is judged by what there is.
    service: { processes: 5, from: FAULT_AT - 6 * HOUR },
  }),
  fault({
    id: 'flapping',
    what: 'the provider repeatedly fails for half a minute',
    expected: ['TidegateCircuitFlapping', 'TidegateCircuitOpen'],
    severity: 'warning',
    during: (since) => (since % 75 < 35 ? { failing: { '500': 1 } } : {}),
  }),
  fault({
    id: 'quota',
    what: "the account's credit is used up",
    expected: ['TidegateQuotaExhausted'],
    severity: 'critical',
    during: failing({ '402': 1 }),
  }),
  fault({
    id: 'bad-key',
    what: 'the key is revoked',
    expected: ['TidegateAuthFailing'],
    severity: 'critical',
    during: failing({ '401': 1 }),
  }),
  fault({
    id: 'model-gone',
    what: '404 on every call',
    expected: ['TidegateBadRequests'],
    severity: 'critical',
    during: failing({ '404': 1 }),
  }),
  fault({
    id: 'bad-release',
    what: 'a release with two of five requests invalid',
    expected: ['TidegateBadRequests'],
    severity: 'warning',
    during: failing({ '400': 0.4 }),
  }),
  fault({
    id: 'all-late',
    what: 'callers give up before any answer arrives',
    expected: ['TidegateCallsFailing'],
    severity: 'critical',
    base: { deadline: 60 },
    during: () => ({ latency: 5, deadline: 1 }),
  }),
  fault({
    id: 'third-lost',
    what: 'every third attempt fails with 500, retries included',
    expected: [
      'TidegateRetriesExhausted',
      'TidegateProviderOverloaded',
      'TidegateRetrySpike',
      'TidegateCircuitFlapping',
      'TidegateCircuitOpen',
    ],
    severity: 'warning',
    during: failing({ '500': 0.35 }),
  }),
  fault({
    id: 'some-late',
    what: 'every third call exceeds its deadline, at 14 times the allowed rate',
    expected: ['TidegateCallErrorBudgetBurn'],
    severity: 'critical',
    lasts: 90 * 60,
    base: { deadline: 60 },
    during: () => ({ latency: 8, deadline: 10 }),
    // 14.4 % of an hour's calls: the burn alert's own arithmetic.
    withinMinutes: 40,
  }),
  fault({
    id: 'tier-full',
    what: 'the tier is full, and calls time out while they wait',
    expected: ['TidegateCallsFailing'],
    severity: 'critical',
    base: { deadline: 30 },
    during: () => ({ arrivals: 12, deadline: 5 }),
  }),
];
