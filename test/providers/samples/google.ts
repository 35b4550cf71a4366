import { full, none, ofContent, type SampleFile, waitsOut } from './sample.ts';

const QUOTA =
  'You exceeded your current quota, please check your plan and billing details. For more information on this error, head to: https://ai.google.dev/gemini-api/docs/rate-limits.';

interface Violation {
  readonly quotaMetric?: string;
  readonly quotaId: string;
  readonly quotaValue?: string;
}

const error = (message: string, violations: readonly Violation[] = [], retryDelay?: string): object => ({
  error: {
    code: 429,
    message,
    status: 'RESOURCE_EXHAUSTED',
    ...(violations.length === 0 && retryDelay === undefined
      ? {}
      : {
          details: [
            { '@type': 'type.googleapis.com/google.rpc.QuotaFailure', violations },
            {
              '@type': 'type.googleapis.com/google.rpc.Help',
              links: [{ description: 'Learn more about Gemini API quotas', url: 'https://ai.google.dev' }],
            },
            ...(retryDelay ? [{ '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay }] : []),
          ],
        }),
  },
});
const METRIC = 'generativelanguage.googleapis.com/';

export const GOOGLE_SAMPLES: SampleFile = {
  title: 'Google (Gemini and Vertex AI, also through their OpenAI-compatible endpoints)',
  adapter: 'gcp.gemini',
  samples: [
    {
      name: 'input tokens per minute',
      status: 429,
      body: [
        error(
          QUOTA,
          [
            {
              quotaMetric: `${METRIC}generate_content_free_tier_input_token_count`,
              quotaId: 'GenerateContentInputTokensPerModelPerMinute-FreeTier',
              quotaValue: '250000',
            },
          ],
          '26s',
        ),
      ],
      source: 'github.com/RooCodeInc/Roo-Code/issues/3883, in the array of the OpenAI-compatible endpoint',
      date: '2025-06-12',
      ...waitsOut,
      dimension: 'input_tokens',
      limit: 250_000,
      waitMs: 26_000,
    },
    {
      name: 'the same as text inside an error',
      status: 429,
      body: {
        error: {
          message: JSON.stringify(
            error(
              QUOTA,
              [{ quotaId: 'GenerateRequestsPerMinutePerProjectPerModel-FreeTier', quotaValue: '10' }],
              '1.5s',
            ),
          ),
          code: 429,
          status: 'Too Many Requests',
        },
      },
      source: 'github.com/RooCodeInc/Roo-Code/issues/3883',
      date: '2025-06-12',
      ...waitsOut,
      dimension: 'requests',
      limit: 10,
      waitMs: 1_500,
    },
    {
      name: 'requests per day',
      status: 429,
      body: error(
        'You exceeded your current quota. Please migrate to Gemini 2.5 Pro Preview for higher quota limits. For more information on this error, head to: https://ai.google.dev/gemini-api/docs/rate-limits.',
        [
          {
            quotaMetric: `${METRIC}generate_requests_per_model_per_day`,
            quotaId: 'GenerateRequestsPerDayPerProjectPerModel',
          },
        ],
      ),
      source: 'github.com/BerriAI/litellm/issues/9035',
      date: '2025-03',
      outcome: 'throttled',
      sends: 2,
      holds: 'the model',
      dimension: 'requests_day',
    },
    {
      name: 'a quota of 0',
      status: 429,
      body: error(
        `${QUOTA}\n* Quota exceeded for metric: ${METRIC}generate_content_free_tier_requests, limit: 0, model: gemini-2.5-pro\nPlease retry in 36.33s.`,
        [
          {
            quotaMetric: `${METRIC}generate_content_free_tier_requests`,
            quotaId: 'GenerateRequestsPerMinutePerProjectPerModel-FreeTier',
            quotaValue: '0',
          },
        ],
        '36s',
      ),
      source:
        'message of the Gemini API since 2025-11; github.com/google-gemini/deprecated-generative-ai-python/issues/206',
      date: '2025-11',
      ...none,
      dimension: 'requests',
      limit: 0,
      waitMs: 36_330,
    },
    {
      name: 'grounding with Google Search',
      status: 429,
      body: error(
        'Quota exceeded for Google Search grounding.',
        [
          {
            quotaMetric: `${METRIC}generate_content_grounding_requests`,
            quotaId: 'GenerateContentSearchGroundingRequestsPerMinutePerProject',
            quotaValue: '60',
          },
        ],
        '5s',
      ),
      source: 'shape of the Gemini API; names composed',
      date: '2026-11',
      ...ofContent,
      dimension: 'web_search',
      limit: 60,
      waitMs: 5_000,
    },
    {
      name: 'requests per day of the free tier',
      status: 429,
      body: error(QUOTA, [
        {
          quotaMetric: `${METRIC}generate_content_free_tier_requests`,
          quotaId: 'GenerateRequestsPerDayPerProjectPerModel-FreeTier',
          quotaValue: '20',
        },
      ]),
      source: 'github.com/openclaw/openclaw/issues/66116',
      date: '2026-04-13',
      outcome: 'throttled',
      sends: 2,
      holds: 'the model',
      dimension: 'requests_day',
      limit: 20,
    },
    {
      name: 'requests per day, by its name',
      status: 429,
      body: error(
        "Quota exceeded for quota metric 'Gemini 2.5 Pro Requests' and limit 'Gemini 2.5 Pro Requests per day per user per tier' of service 'cloudcode-pa.googleapis.com' for consumer 'project_number:1'.",
      ),
      source: 'github.com/google-gemini/gemini-cli/issues/2336',
      date: '2025-06-28',
      ...waitsOut,
      dimension: 'requests_day',
    },
    {
      name: 'requests per minute of a project',
      status: 429,
      body: error(
        'Quota exceeded for aiplatform.googleapis.com/generate_content_requests_per_minute_per_project_per_base_model with base model: gemini-pro. Please submit a quota increase request. https://cloud.google.com/vertex-ai/docs/generative-ai/quotas-genai.',
      ),
      source: 'github.com/felixbinder/introspection_self_prediction/issues/66',
      date: '2024-06-03',
      ...waitsOut,
      dimension: 'requests',
    },
    {
      name: 'grounding, without a word of it',
      status: 429,
      body: {
        error: {
          code: 429,
          message: QUOTA,
          status: 'RESOURCE_EXHAUSTED',
          details: [
            {
              '@type': 'type.googleapis.com/google.rpc.Help',
              links: [{ description: 'Learn more about Gemini API quotas', url: 'https://ai.google.dev' }],
            },
          ],
        },
      },
      source: 'github.com/googleapis/python-genai/issues/1427',
      date: '2025-09-26',
      ...waitsOut,
      dimension: 'unknown',
    },
    {
      name: 'the shortest word of it',
      status: 429,
      body: error('Resource has been exhausted (e.g. check quota).'),
      source: 'github.com/google/generative-ai-docs/issues/438',
      date: '2024-05-26',
      ...waitsOut,
      dimension: 'unknown',
    },
    {
      name: 'no details',
      status: 429,
      body: [
        error(
          'Resource exhausted. Please try again later. Please refer to https://cloud.google.com/vertex-ai/generative-ai/docs/error-code-429 for more details.',
        ),
      ],
      source: 'github.com/google-gemini/gemini-cli/issues/14811',
      date: '2025-12',
      outcome: 'throttled',
      dimension: 'unknown',
      sends: 2,
      holds: 'the model',
    },
    {
      name: 'no capacity for a model',
      status: 429,
      body: error('No capacity available for model gemini-3.1-flash-lite on the server'),
      source: 'github.com/google-gemini/gemini-cli/issues/27548',
      date: '2026-05',
      ...full,
    },
  ],
};
