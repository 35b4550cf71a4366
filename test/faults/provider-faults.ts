import { type Fault, faults, oneApart, ordinary } from './fault.ts';

const down = (kind: 'server_error' | 'hang' | 'bad_request' | 'auth') => faults({ outage: { kind } });

/** How each alert on an intermittently failing provider begins. */
const PROVIDER_FAILS =
  /fails or cannot be reached|recovers and fails again|answered [\d.]+% of the attempts with 5xx|mostly because the provider|because attempts have no answer/;

const NO_MODEL = {
  message: 'The model does not exist or you do not have access to it.',
  type: 'invalid_request_error',
  param: null,
  code: 'model_not_found',
};

/** Faults of the provider, the network or the key. */
export const PROVIDER_FAULTS: readonly Fault[] = [
  {
    id: 'outage',
    what: 'the provider answers 500 to everything',
    expected: ['TidegateCircuitOpen'],
    severity: 'critical',
    says: /fails or cannot be reached/,
    stage: ordinary({ begin: down('server_error') }),
  },
  {
    id: 'hang',
    what: 'the provider accepts every request and answers none',
    expected: ['TidegateStalled', 'TidegateCircuitOpen'],
    severity: 'critical',
    says: /The provider hangs|fails or cannot be reached/,
    stage: ordinary({ begin: down('hang') }),
  },
  {
    id: 'probe-hangs',
    what: 'the provider fails for 15 s, then accepts probes and never answers',
    expected: ['TidegateCircuitOpen', 'TidegateStalled'],
    severity: 'critical',
    says: /fails or cannot be reached|The provider hangs/,
    stage: ordinary({
      begin: ({ simulator, set }) => {
        simulator.update({ faults: { outage: { kind: 'server_error' } } });
        const timer = setTimeout(() => simulator.update({ faults: { outage: { kind: 'hang' } } }), 15_000);
        set.keep(() => clearTimeout(timer));
      },
    }),
  },
  {
    id: 'overloaded',
    what: 'the provider answers 529 to two of five attempts',
    expected: ['TidegateProviderOverloaded', 'TidegateCircuitFlapping', 'TidegateRetrySpike', 'TidegateCircuitOpen'],
    severity: 'warning',
    says: PROVIDER_FAILS,
    stage: ordinary({ provider: 'anthropic', begin: faults({ rates: { overloaded: 0.4 } }) }),
  },
  {
    id: 'third-lost',
    what: 'every third attempt fails with 500, retries included',
    expected: [
      'TidegateProviderOverloaded',
      'TidegateCircuitFlapping',
      'TidegateRetrySpike',
      'TidegateRetriesExhausted',
      'TidegateCircuitOpen',
    ],
    severity: 'warning',
    says: PROVIDER_FAILS,
    stage: ordinary({ begin: faults({ rates: { server_error: 0.35 } }) }),
  },
  {
    id: 'flapping',
    what: 'the provider fails for 20 s of every minute',
    expected: ['TidegateCircuitFlapping'],
    severity: 'warning',
    says: /recovers and fails again/,
    stage: ordinary({
      begin: ({ simulator, set }) => {
        const fail = (): void => simulator.update({ faults: { outage: { kind: 'server_error', untilMs: 20_000 } } });
        fail();
        const timer = setInterval(fail, 60_000);
        set.keep(() => clearInterval(timer));
      },
    }),
  },
  {
    id: 'one-pod',
    what: 'one process of five cannot reach the provider',
    expected: ['TidegateCircuitOpen'],
    severity: 'warning',
    says: /127\.0\.0\.1:\d+ has not been closed.*most processes reach the provider/,
    stage: oneApart(5, 0.8, { kind: 'connection_reset' }),
  },
  {
    id: 'night-outage',
    what: 'the provider fails while a call is made every ten seconds',
    expected: ['TidegateCircuitOpen', 'TidegateProviderOverloaded', 'TidegateCallsFailing'],
    severity: 'critical',
    says: PROVIDER_FAILS,
    stage: ordinary({ rate: 0.1, begin: down('server_error') }),
  },
  {
    id: 'bad-key',
    what: 'the key is revoked',
    expected: ['TidegateAuthFailing'],
    severity: 'critical',
    says: /^The key is refused/,
    stage: ordinary({ begin: down('auth') }),
  },
  {
    id: 'bad-requests',
    what: '400 on every call',
    expected: ['TidegateBadRequests'],
    severity: 'critical',
    says: /^A release changed what is sent, or the model is gone/,
    stage: ordinary({ begin: down('bad_request') }),
  },
  {
    id: 'model-gone',
    what: '404 on every call',
    expected: ['TidegateBadRequests'],
    severity: 'critical',
    says: /^A release changed what is sent, or the model is gone/,
    stage: ordinary({
      provider: 'openai',
      rate: 2,
      front: { well: {}, ill: { answer: { status: 404, body: { error: NO_MODEL } } } },
    }),
  },
  {
    id: 'bad-release',
    what: 'a release with two of five requests invalid',
    expected: ['TidegateBadRequests'],
    severity: 'warning',
    says: /^A release changed what is sent/,
    stage: ordinary({ begin: faults({ rates: { bad_request: 0.4 } }) }),
  },
  {
    id: 'slow',
    what: 'answers take five times as long as yesterday, though less than 20 s',
    expected: ['TidegateAttemptLatencyHigh'],
    severity: 'warning',
    says: /more than 3 times what it took in this hour of the day before/,
    history: () => [
      {
        name: 'tidegate:attempt_duration:p95_5m',
        labels: { gen_ai_provider_name: 'openai', gen_ai_request_model: 'gpt-5.1' },
        // The value that a histogram estimates.
        value: 2.4,
        from: 26 * 3_600,
      },
    ],
    stage: ordinary({
      provider: 'openai',
      simulator: { latency: { baseMs: 1_500, jitter: 0.3 } },
      begin: ({ simulator }) => simulator.update({ latency: { baseMs: 7_500, jitter: 0.3 } }),
    }),
  },
  {
    id: 'first-chunk',
    what: 'streams begin after 14 s',
    expected: ['TidegateFirstChunkSlow'],
    severity: 'warning',
    says: /^The provider is slow: .* takes 1[3-9] seconds on average/,
    stage: ordinary({
      ask: () => ({ stream: true }),
      begin: ({ simulator }) => simulator.update({ latency: { baseMs: 14_000, jitter: 0.1 } }),
    }),
  },
  {
    id: 'streams-cut',
    what: 'one in ten streams ends early, with a clean close',
    expected: ['TidegateStreamInterruptions'],
    severity: 'warning',
    says: /loses [\d.]+% of its streams midway/,
    stage: ordinary({ ask: () => ({ stream: true }), begin: faults({ rates: { stream_end_early: 0.1 } }) }),
  },
];
