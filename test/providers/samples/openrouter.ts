import { money, NOW, type SampleFile } from './sample.ts';

const error = (message: string, code: number, metadata?: object): object => ({
  error: { message, code, ...(metadata ? { metadata } : {}) },
});

export const OPENROUTER_SAMPLES: SampleFile = {
  title: 'OpenRouter',
  adapter: 'openrouter',
  samples: [
    {
      name: 'refused by the provider behind it',
      status: 429,
      body: error('Provider returned error', 429, {
        raw: 'z-ai/glm-5.3-flash is temporarily rate-limited upstream. Please retry shortly, or add your own key to accumulate your rate limits: ...',
        provider_name: 'BaseTen',
        limit_source: 'upstream_provider_shared_pool',
        remedy_hint: 'Retry shortly, add your own provider key, or route to another provider',
      }),
      source: 'github.com/open-webui/computer/issues/293',
      date: '2026-09-20',
      outcome: 'throttled',
      dimension: 'unknown',
      sends: 2,
      holds: 'the model',
    },
    {
      name: 'what the provider behind it says',
      status: 429,
      body: error('Provider returned error', 429, {
        raw: '{"error":{"message":"Rate limit reached for gpt-4o on tokens per min (TPM): Limit 30000, Used 29000, Requested 2000. Please try again in 2s.","type":"tokens","param":null,"code":"rate_limit_exceeded"}}',
        provider_name: 'OpenAI',
      }),
      source: 'shape of github.com/BerriAI/litellm/issues/8448; the inner error is OpenAI’s',
      date: '2025-02-11',
      outcome: 'throttled',
      sends: 2,
      holds: 'the model',
      dimension: 'tokens',
      limit: 30_000,
      waitMs: 2_000,
    },
    {
      name: 'free models per day',
      status: 429,
      body: error(
        'Rate limit exceeded: free-models-per-day. Add 10 credits to unlock 1000 free model requests per day',
        429,
        {
          headers: {
            'X-RateLimit-Limit': '50',
            'X-RateLimit-Remaining': '0',
            'X-RateLimit-Reset': String(NOW + 43_200_000),
          },
        },
      ),
      source: 'github.com/Gitlawb/openclaude/issues/936',
      date: '2026-04-28',
      outcome: 'throttled',
      sends: 1,
      holds: 'all, refused',
      dimension: 'requests_day',
      limit: 50,
      waitMs: 43_200_000,
    },
    {
      name: 'credits',
      status: 402,
      body: error('Insufficient credits. Add more using https://openrouter.ai/settings/credits', 402),
      source: 'openrouter.ai/docs/api-reference/errors',
      date: '2025',
      ...money,
    },
    {
      name: 'credits for fewer tokens',
      status: 402,
      body: {
        ...error(
          'This request requires more credits, or fewer max_tokens. You requested up to 64000 tokens, but can only afford 2666. To increase, visit https://openrouter.ai/settings/credits and upgrade to a paid account',
          402,
          { provider_name: null },
        ),
        user_id: 'user_x',
      },
      source: 'github.com/astrio-labs/forall/issues/76',
      date: '2025-11-23',
      ...money,
    },
    {
      name: 'credits for a shorter prompt',
      status: 402,
      body: error(
        'Prompt tokens limit exceeded: 230799 > 91442. To increase, visit https://openrouter.ai/settings/keys and create a key with a higher monthly limit',
        402,
      ),
      source: 'github.com/anomalyco/opencode/issues/12219',
      date: '2026-05-04',
      ...money,
    },
    {
      name: 'the provider behind it is down',
      status: 502,
      body: error('Network connection lost.', 502, { error_type: 'provider_unavailable' }),
      source: 'github.com/anomalyco/opencode/issues/22448',
      date: '2026-04-14',
      outcome: 'overloaded',
      sends: 2,
      holds: 'the call',
    },
  ],
};
