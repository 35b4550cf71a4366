import { type Fault, faults, ordinary } from './fault.ts';

/** Ten calls a second. */
const TEN = { requestsPerMinute: 600, tokensPerMinute: 3_000_000 };

/** Faults of the account and its limits, and excess traffic. */
export const LIMIT_FAULTS: readonly Fault[] = [
  {
    id: 'quota',
    what: "the account's credit is used up",
    expected: ['TidegateQuotaExhausted'],
    severity: 'critical',
    says: /because credit or spend limit is used up/,
    stage: ordinary({ provider: 'openai', begin: faults({ outage: { kind: 'insufficient_quota' } }) }),
  },
  {
    id: 'credit',
    what: "an Anthropic account's credit is used up",
    expected: ['TidegateQuotaExhausted'],
    severity: 'critical',
    says: /because credit or spend limit is used up/,
    stage: ordinary({ provider: 'anthropic', begin: faults({ outage: { kind: 'credit_balance_too_low' } }) }),
  },
  {
    id: 'storm',
    what: 'seven of ten attempts are refused: every call is sent three times',
    expected: ['TidegateRetryStorm', 'TidegateCallsFailing'],
    severity: 'critical',
    says: /mostly because (?:attempts are refused for a limit|the provider refuses or fails each attempt)/,
    stage: ordinary({ rate: 3, provider: 'openai', begin: faults({ rates: { unknown_429: 0.7 } }) }),
  },
  {
    id: 'unknown-429',
    what: 'three of ten attempts are refused and no limit is named',
    expected: ['TidegateRateLimited', 'TidegateRetrySpike'],
    severity: 'warning',
    says: /for a limit that it does not name|because attempts are refused for a limit/,
    stage: ordinary({ provider: 'openai', begin: faults({ rates: { unknown_429: 0.3 } }) }),
  },
  {
    id: 'tier-cut',
    what: 'the tier is cut to a fifth',
    expected: ['TidegateLimitChanged'],
    severity: 'warning',
    says: /the tier was cut/,
    history: () => [
      {
        name: 'tidegate:limit:known',
        labels: {
          gen_ai_provider_name: 'openai',
          gen_ai_request_model: 'gpt-5.1',
          tidegate_limit_dimension: 'requests',
        },
        value: 600,
        from: 2 * 3_600,
      },
    ],
    stage: ordinary({
      provider: 'openai',
      limits: TEN,
      rate: 3,
      begin: ({ simulator }) => simulator.update({ limits: { requestsPerMinute: 120 } }),
    }),
  },
  {
    id: 'neighbour',
    what: 'a neighbour takes three quarters of the account',
    expected: ['TidegateRateLimited', 'TidegateQueueSlow', 'TidegateClientWaitHigh', 'TidegateBelowLimit'],
    severity: 'warning',
    says: /others on the account|^Another client takes most of the account/,
    stage: ordinary({
      provider: 'openai',
      limits: TEN,
      // Otherwise what the bucket has saved lasts for seven of the minutes.
      simulator: { bucketSeconds: 5 },
      rate: 4,
      begin: faults({ neighbour: { share: 0.75 } }),
    }),
  },
  {
    id: 'too-small',
    what: 'the traffic grows a fifth beyond the tier',
    expected: ['TidegateTierNearlyExhausted', 'TidegateClientWaitHigh', 'TidegateQueueSlow'],
    severity: 'warning',
    says: /of its requests limit|its requests limit admits|for the requests limit/,
    stage: ordinary({
      provider: 'openai',
      limits: { requestsPerMinute: 300, tokensPerMinute: 3_000_000 },
      rate: 2,
      begin: ({ service }) => void service.steady(4),
    }),
  },
  {
    id: 'queue-grows',
    what: 'a queue that grows to thousands',
    expected: ['TidegateQueueSlow'],
    severity: 'warning',
    says: /gets more calls than its requests limit admits/,
    stage: ordinary({
      provider: 'openai',
      limits: { requestsPerMinute: 180, tokensPerMinute: 3_000_000 },
      rate: 1.5,
      begin: ({ service }) => void service.steady(8),
    }),
  },
  {
    id: 'tenant-floods',
    what: 'one of many tenants sends ten times what all sent before',
    expected: ['TidegateQueueSlow', 'TidegateClientWaitHigh'],
    severity: 'warning',
    says: /\d+% of those that wait from one tenant/,
    stage: ordinary({
      provider: 'openai',
      limits: { requestsPerMinute: 180, tokensPerMinute: 3_000_000 },
      rate: 1,
      ask: () => ({ call: { tenant: `tenant-${Math.floor(performance.now()) % 7}` } }),
      begin: ({ service }) => void service.steady(10, () => ({ call: { tenant: 'flood' } })),
    }),
  },
  {
    id: 'queue-full',
    what: 'so many calls that the queue is full and rejects some',
    expected: [
      'TidegateCallsRejectedLocally',
      'TidegateBulkheadQueueFilling',
      'TidegateQueueSlow',
      // Calls are lost.
      'TidegateCallsFailing',
      'TidegateCallErrorBudgetBurn',
    ],
    severity: 'warning',
    says: /gets more calls than|because the queue is full/,
    stage: ordinary({
      provider: 'openai',
      limits: { requestsPerMinute: 180, tokensPerMinute: 3_000_000 },
      guard: { bulkhead: { maxQueued: 300 } },
      rate: 1.5,
      begin: ({ service }) => void service.steady(5),
    }),
  },
  {
    id: 'held-back',
    what: 'the provider asks to slow down every two minutes: hundreds of calls wait, and the limit is free',
    expected: ['TidegateBelowLimit'],
    severity: 'warning',
    says: /^The provider has asked to wait: .* while each limit and the slots are used by less than 50%/,
    stage: ordinary({
      provider: 'openai',
      limits: TEN,
      rate: 3,
      begin: ({ simulator, set }) => {
        const refuse = (): void => simulator.update({ faults: { script: ['slow_down'], retryAfterSeconds: 110 } });
        refuse();
        const timer = setInterval(refuse, 112_000);
        set.keep(() => clearInterval(timer));
      },
    }),
  },
  {
    id: 'day-runs-dry',
    what: 'the daily limit will be used up in two hours',
    expected: ['TidegateDailyLimitForecast'],
    severity: 'warning',
    says: /will have used up its requests_day limit/,
    stage: ordinary({
      provider: 'groq',
      limits: { requestsPerDay: 10_000, tokensPerMinute: 3_000_000 },
      rate: 0.2,
      begin: ({ service }) => void service.steady(3),
    }),
  },
];
