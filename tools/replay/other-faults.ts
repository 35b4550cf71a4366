import { after, BEFORE, failing, type Fault, fault, FAULT_AT } from './fault.ts';
import type { Registry } from './registry.ts';
import { DAY, HOUR } from './week.ts';

/** Limits, traffic, the client itself or its telemetry. */
export const OTHER_FAULTS: readonly Fault[] = [
  fault({
    id: 'refused',
    what: 'a neighbour takes three quarters of the account',
    expected: ['TidegateRateLimited'],
    severity: 'warning',
    during: () => ({ taken: 0.75 }),
  }),
  fault({
    id: 'unknown-429',
    what: 'three of ten attempts are refused and no limit is named',
    expected: ['TidegateRetrySpike', 'TidegateRateLimited'],
    severity: 'warning',
    during: failing({ '429': 0.3 }),
  }),
  fault({
    id: 'storm',
    what: 'seven of ten attempts are refused: every call is sent three times',
    expected: ['TidegateRetryStorm', 'TidegateCallsFailing'],
    severity: 'critical',
    during: failing({ '429': 0.7 }),
  }),
  fault({
    id: 'tier-cut',
    what: 'the tier is cut to a quarter',
    expected: ['TidegateLimitChanged'],
    severity: 'warning',
    during: () => ({ limit: 75 }),
  }),
  fault({
    id: 'too-small',
    what: 'the traffic has grown beyond the tier',
    expected: ['TidegateTierNearlyExhausted', 'TidegateTierSaturated', 'TidegateClientWaitHigh', 'TidegateQueueSlow'],
    severity: 'warning',
    during: () => ({ arrivals: 5.4 }),
  }),
  fault({
    id: 'too-small-saved',
    what: 'the traffic grows a fifth beyond a tier with a full minute saved up',
    expected: ['TidegateTierNearlyExhausted', 'TidegateTierSaturated', 'TidegateClientWaitHigh', 'TidegateQueueSlow'],
    severity: 'warning',
    base: { savedSeconds: 60 },
    during: () => ({ arrivals: 6 }),
  }),
  fault({
    id: 'asked-to-wait',
    what: 'the provider keeps asking to wait for nearly two minutes: hundreds of calls wait, the limit is free',
    expected: ['TidegateBelowLimit', 'TidegateQueueSlow'],
    severity: 'warning',
    base: { arrivals: 3, limit: 600 },
    during: (since) => (since % 112 < 3 ? { failing: { '429': 1 }, retryAfter: 110 } : {}),
  }),
  fault({
    id: 'long-pause',
    what: 'the provider asks once to wait for five minutes',
    expected: ['TidegateBelowLimit', 'TidegateQueueSlow'],
    severity: 'warning',
    lasts: 3,
    during: () => ({ failing: { '429': 1 }, retryAfter: 300 }),
  }),
  fault({
    id: 'queue-grows',
    what: 'a queue that grows to thousands',
    expected: ['TidegateQueueSlow'],
    severity: 'warning',
    during: () => ({ arrivals: 9 }),
  }),
  fault({
    id: 'held-back',
    what: 'the client uses a fifth of the limit with hundreds of calls waiting',
    expected: ['TidegateBelowLimit'],
    severity: 'warning',
    during: () => ({ pacedTo: 0.19 }),
  }),
  fault({
    id: 'slow',
    what: 'answers take five times as long as yesterday, though less than 20 s',
    expected: ['TidegateAttemptLatencyHigh'],
    severity: 'warning',
    during: () => ({ latency: 6 }),
    service: { from: FAULT_AT - 25 * HOUR, processes: 1 },
  }),
  fault({
    id: 'streams-cut',
    what: 'one in five streams ends early, with or without an error',
    expected: ['TidegateStreamInterruptions'],
    severity: 'warning',
    during: () => ({ interrupted: 0.2 }),
  }),
  fault({
    id: 'vanished',
    what: 'the job disappears from service discovery',
    expected: ['TidegateJobVanished'],
    severity: 'critical',
    service: { listed: (at) => !after(at) },
  }),
  fault({
    id: 'dead',
    what: 'no process of the job answers a scrape',
    expected: ['TidegateTelemetryDown'],
    severity: 'warning',
    service: { answers: (at) => !after(at) },
  }),
  fault({
    id: 'one-dead',
    what: 'one process of three does not answer scrapes',
    expected: ['TidegateTelemetryDown'],
    severity: 'warning',
    service: { answers: (at, process) => !after(at) || process !== 1 },
  }),
  fault({
    id: 'overflow',
    what: 'a metric has more label sets than the SDK keeps',
    expected: ['TidegateTelemetryCardinalityOverflow'],
    severity: 'warning',
    service: {
      more: (registry, at) => {
        if (after(at)) registry.add('tidegate.calls', { otel_metric_overflow: 'true' }, 5);
      },
    },
  }),
  fault({
    id: 'day-runs-dry',
    what: 'the daily limit will be used up in two hours',
    expected: ['TidegateDailyLimitForecast'],
    severity: 'warning',
    service: { more: dayRunsDry },
  }),
  fault({
    id: 'queue-full',
    what: 'so many calls that the queue is full and rejects some',
    expected: [
      'TidegateQueueSlow',
      'TidegateCallsRejectedLocally',
      'TidegateBulkheadQueueFilling',
      'TidegateCallsFailing',
    ],
    severity: 'warning',
    during: () => ({ arrivals: 60 }),
  }),
  fault({
    id: 'night-outage',
    what: 'the provider fails while a call is made every half minute',
    expected: ['TidegateCircuitOpen', 'TidegateRetriesExhausted', 'TidegateProviderOverloaded', 'TidegateCallsFailing'],
    severity: 'warning',
    base: { arrivals: 0.1 },
    during: failing({ '503': 1 }),
    service: { processes: 1 },
  }),
  fault({
    id: 'slots',
    what: 'answers take so long that all slots are taken and calls wait',
    expected: ['TidegateQueueSlow', 'TidegateClientWaitHigh', 'TidegateAttemptLatencyHigh'],
    severity: 'warning',
    base: { arrivals: 3 },
    during: () => ({ latency: 240 }),
  }),
  fault({
    id: 'staging-dead',
    what: 'staging with the same job name disappears, production is healthy',
    expected: ['TidegateJobVanished'],
    severity: 'critical',
    service: {
      where: { cluster: 'eu', namespace: 'staging' },
      listed: (at) => !after(at),
    },
  }),
];

function dayRunsDry(registry: Registry, at: number): void {
  const labels = {
    'gen_ai.provider.name': 'openai',
    'gen_ai.request.model': 'gpt-5.1',
    'tidegate.limit.dimension': 'requests_day',
  };
  const limit = 20_000;
  const before = 0.3 * (at - (FAULT_AT - BEFORE));
  const used = 8_000 + (after(at) ? 0.3 * BEFORE + 1.2 * (at - FAULT_AT) : before);
  registry.set('tidegate.ratelimit.limit', labels, limit);
  registry.set('tidegate.ratelimit.remaining', labels, Math.max(0, limit - used));
  registry.set('tidegate.ratelimit.reset_seconds', labels, DAY - (at % DAY));
  registry.set('tidegate.limit.utilization_ratio', labels, Math.min(1, used / limit));
}
