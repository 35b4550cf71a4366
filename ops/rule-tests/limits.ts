import { firing, limit, refusals, remaining, reset, SHRINK, used } from './limit-series.ts';
import { type Firing, input, type InputSeries, MODEL, type RuleTest, type RuleTestFile } from './rule-test.ts';

const refused = (
  dimension: string,
  number: string,
  advice: string,
  why = dimension === 'unknown'
    ? 'the provider refuses calls for a limit that it does not name'
    : `the ${dimension} limit is reached although calls are paced`,
): Firing =>
  firing(
    'warning',
    dimension,
    'An LLM provider refuses calls for a rate limit.',
    `openai/gpt-5.1 (app): ${why}: ${number} attempts refused in 10 minutes (thresholds: 10, and 2% of its attempts). ${advice}`,
  );

/** The advice that operators read, by limit. */
const ADVICE: readonly (readonly [dimension: string, advice: string])[] = [
  ['requests', 'Slow down requests: batch small calls or spread them; for more, raise the tier.'],
  ['tokens', SHRINK],
  ['input_tokens', 'Shrink tokens: shorten or cache prompts; for more, raise the tier.'],
  ['output_tokens', 'Shrink tokens: lower max_tokens or ask for shorter answers; for more, raise the tier.'],
  ['requests_day', 'Raise the tier, or spread the requests over more days.'],
  ['tokens_day', 'Raise the tier, or shrink tokens and spread the work over more days.'],
  ['concurrency', 'Slow down requests: lower bulkhead.maxConcurrent to what the account allows.'],
  ['acceleration', 'Slow down requests: let the traffic grow gradually, e.g. with pacing.mode smooth.'],
  ['images', 'Ask for fewer images or spread them; for more, raise the tier. Calls without images are not held.'],
  ['long_context', 'Shorten prompts to 200,000 tokens, or spread the longer ones. Shorter calls are not held.'],
  ['unknown', 'Read the tidegate.ratelimit.hit events of the refused calls: they say what is known of the limit.'],
];

const sent = (values: string): InputSeries =>
  input('tidegate.attempts', { ...MODEL, gen_ai_operation_name: 'chat', http_response_status_code: '200' }, values);

const admitted = (priority: string, values: string): InputSeries =>
  input(
    'tidegate.wait.duration_seconds',
    { ...MODEL, tidegate_wait_stage: 'pacer', tidegate_priority: priority },
    values,
    'count',
  );

const RATE_LIMITED: RuleTest[] = [
  {
    alert: 'TidegateRateLimited',
    does: 'gives the advice that fits the limit, and resolves',
    input: [...ADVICE.map(([dimension]) => refusals(dimension, '0+1x30 30x90')), sent('0+30x120')],
    checks: [
      { at: '2m', situation: 'quiet', firing: [] },
      { at: '15m', situation: 'fires', firing: ADVICE.map(([dimension, advice]) => refused(dimension, '20', advice)) },
      { at: '50m', situation: 'resolves', firing: [] },
    ],
  },
  {
    alert: 'TidegateRateLimited',
    does: 'stays quiet at nine refusals, for an empty account, an overloaded provider and a tier without capacity',
    input: [
      refusals('requests', '0x10 9x40'),
      refusals('quota', '0+5x40'),
      refusals('overloaded', '0+5x40'),
      refusals('no_capacity', '0+5x40'),
      sent('0+10x40'),
    ],
    checks: [{ at: '11m', situation: 'quiet', firing: [] }],
  },
  {
    alert: 'TidegateRateLimited',
    does: 'sees a first volley of refusals of a counter that starts at zero',
    input: [refusals('requests', '0x10 12x40'), sent('0+10x40')],
    checks: [{ at: '9m', situation: 'first-event', firing: [refused('requests', '12', ADVICE[0]![1])] }],
  },
  {
    alert: 'TidegateRateLimited',
    does: 'says how little of the limit is used here, where others take the rest',
    input: [refusals('requests', '0+1x40'), sent('0+10x40'), used('requests', '0.25x40')],
    checks: [
      {
        at: '15m',
        situation: 'fires',
        firing: [
          refused(
            'requests',
            '20',
            `Look for others on the account first. ${ADVICE[0]![1]}`,
            'others on the account use up the requests limit, or the provider enforces it within seconds: this job uses 25% of it by its own count',
          ),
        ],
      },
    ],
  },
  {
    alert: 'TidegateRateLimited',
    does: 'stays quiet for a batch of which one attempt in a hundred is refused',
    input: [refusals('requests', '0+1x60'), sent('0+100x60')],
    checks: [{ at: '25m', situation: 'quiet', firing: [] }],
  },
  {
    alert: 'TidegateRateLimited',
    does: 'stays quiet for refusals of a batch, beside which a few calls are urgent',
    input: [
      refusals('requests', '0+1x60'),
      sent('0+20x60'),
      admitted('batch', '0+18x60'),
      admitted('normal', '0+2x60'),
    ],
    checks: [{ at: '25m', situation: 'quiet', firing: [] }],
  },
  {
    alert: 'TidegateRateLimited',
    does: 'fires where most of the calls beside a batch are urgent',
    input: [
      refusals('requests', '0+1x60'),
      sent('0+20x60'),
      admitted('batch', '0+2x60'),
      admitted('normal', '0+18x60'),
    ],
    checks: [{ at: '15m', situation: 'fires', firing: [refused('requests', '20', ADVICE[0]![1])] }],
  },
];

const raised = firing(
  'info',
  'requests',
  'A limit of an LLM account was raised.',
  'openai/gpt-5.1 (app) has a requests limit of 1k now, more than 20% above that of half an hour ago. Traffic may grow accordingly.',
);
const cut = firing(
  'warning',
  'tokens',
  'A limit of an LLM account was cut.',
  'openai/gpt-5.1 (app): the tier was cut, or the provider shares it out differently: the tokens limit is 40k now, more than 20% below that of half an hour ago. Waits, refusals and utilisation that rose at the same time follow from it: ask whoever owns the account.',
);

const CHANGED: RuleTest[] = [
  {
    alert: 'TidegateLimitChanged',
    does: 'tells of a tier that was cut and of one that grew, and ends half an hour later',
    input: [limit('tokens', '100000x80 40000x120'), limit('requests', '500x80 1000x120')],
    checks: [
      { at: '39m', situation: 'quiet', firing: [] },
      { at: '45m', situation: 'fires', firing: [raised, cut] },
      { at: '75m', situation: 'resolves', firing: [] },
    ],
  },
  {
    alert: 'TidegateLimitChanged',
    does: 'stays quiet for small changes, for slots, and for a limit that is known for the first time',
    input: [
      limit('tokens', '100000x80 85000x40'),
      limit('concurrency', '20x80 5x40'),
      limit('requests', '_x80 1000x40'),
    ],
    checks: [
      { at: '45m', situation: 'quiet', firing: [] },
      { at: '45m', situation: 'first-event', firing: [] },
    ],
  },
];

const quota = (provider: string, number: string): Firing => ({
  labels: { severity: 'critical', job: 'app', gen_ai_provider_name: provider },
  summary: 'The quota of an LLM account is used up.',
  description: `${provider} (app) refused ${number} call${number === '1' ? '' : 's'} in 15 minutes because credit or spend limit is used up. Fix billing: add credit or raise the spend limit. Retrying and slowing down cannot help.`,
});

const QUOTA: RuleTest[] = [
  {
    alert: 'TidegateQuotaExhausted',
    does: 'fires at the very first refusal of a counter that starts at zero; one that first appears at 1 is missed',
    input: [
      input(
        'tidegate.ratelimit.rejections',
        { gen_ai_provider_name: 'groq', tidegate_limit_dimension: 'quota' },
        '0x3 1x60',
      ),
      input(
        'tidegate.ratelimit.rejections',
        { gen_ai_provider_name: 'openai', tidegate_limit_dimension: 'quota' },
        '_x3 1x60',
      ),
    ],
    checks: [
      { at: '1m30s', situation: 'quiet', firing: [] },
      { at: '2m', situation: 'first-event', firing: [quota('groq', '1')] },
      { at: '20m', situation: 'resolves', firing: [] },
    ],
  },
  {
    alert: 'TidegateQuotaExhausted',
    does: 'keeps firing while calls are refused',
    input: [refusals('quota', '0+1x120')],
    checks: [{ at: '30m', situation: 'fires', firing: [quota('openai', '30')] }],
  },
  {
    alert: 'TidegateQuotaExhausted',
    does: 'stays quiet for limits that waiting cures',
    input: [refusals('quota', '0x60'), refusals('tokens', '0+5x60'), refusals('requests_day', '0+5x60')],
    checks: [{ at: '20m', situation: 'quiet', firing: [] }],
  },
];

const forecast = (duration: string): Firing =>
  firing(
    'warning',
    'requests_day',
    'A daily LLM limit will run dry before it resets.',
    `openai/gpt-5.1 (app) will have used up its requests_day limit of 10k in ${duration} at the present rate (threshold 4 hours). Raise the tier, or spread the requests over more days.`,
  );

const forecastOfTokens = (duration: string): Firing =>
  firing(
    'warning',
    'tokens_day',
    'A daily LLM limit will run dry before it resets.',
    `openai/gpt-5.1 (app) will have used up its tokens_day limit of 10k in ${duration} at the present rate (threshold 4 hours). Raise the tier, or shrink tokens and spread the work over more days.`,
  );

// 16 requests in 30 s; after 30 minutes 8640 - 60 × 16 = 7680 are left, which last 14 400 s, and then less than the 4
// h.
const FORECAST: RuleTest[] = [
  {
    alert: 'TidegateDailyLimitForecast',
    does: 'fires when the limit runs dry within four hours and before its reset, and resolves',
    input: [
      remaining('requests_day', '8640-16x100 7040x190'),
      limit('requests_day', '10000x300'),
      reset('requests_day', '80000-30x300'),
    ],
    checks: [
      { at: '29m', situation: 'quiet', firing: [] },
      { at: '32m', situation: 'quiet', firing: [] },
      { at: '48m', situation: 'fires', firing: [forecast('3.7 hours')] },
      { at: '130m', situation: 'resolves', firing: [] },
    ],
  },
  {
    alert: 'TidegateDailyLimitForecast',
    does: 'stays quiet when the limit resets first',
    input: [
      remaining('requests_day', '5000-16x120'),
      limit('requests_day', '10000x120'),
      reset('requests_day', '3600x120'),
    ],
    checks: [{ at: '50m', situation: 'quiet', firing: [] }],
  },
  {
    alert: 'TidegateDailyLimitForecast',
    does: 'stays quiet when the limit is nearly gone but no longer used',
    input: [remaining('requests_day', '20x120'), limit('requests_day', '10000x120')],
    checks: [{ at: '50m', situation: 'quiet', firing: [] }],
  },
  {
    // A request a second for two hours of each night, which leaves 28 %; in the second night twice as many tokens.
    alert: 'TidegateDailyLimitForecast',
    does: 'knows the batch of every night, which leaves enough, from one that is twice as large',
    interval: '5m',
    input: [
      remaining('requests_day', '10000x23 9700-300x23 2800x100 10000x138 10000x23 9700-300x23'),
      remaining('tokens_day', '10000x23 9700-300x23 2800x100 10000x138 10000x23 9400-600x15'),
      limit('requests_day', '10000x340'),
      limit('tokens_day', '10000x340'),
    ],
    checks: [
      { at: '3h', situation: 'fires', firing: [forecast('1.7 hours'), forecastOfTokens('1.7 hours')] },
      { at: '27h', situation: 'quiet', firing: [forecastOfTokens('18 minutes')] },
    ],
  },
  {
    alert: 'TidegateDailyLimitForecast',
    does: 'works from the first readings on, and without a known reset',
    input: [remaining('requests_day', '_x4 4000-16x60'), limit('requests_day', '_x4 10000x60')],
    checks: [{ at: '22m', situation: 'first-event', firing: [forecast('1.8 hours')] }],
  },
];

export const LIMIT_TESTS: RuleTestFile = {
  name: 'limits',
  evaluationInterval: '30s',
  alerts: ['TidegateRateLimited', 'TidegateLimitChanged', 'TidegateQuotaExhausted', 'TidegateDailyLimitForecast'],
  tests: [...RATE_LIMITED, ...CHANGED, ...QUOTA, ...FORECAST],
};
