import { full, money, refusedAs, type SampleFile } from './sample.ts';

const litellm = (numbers: string): object => ({
  error: {
    message: `429: LiteLLM Rate Limit Handler for rate limit type = team. Crossed TPM / RPM / Max Parallel Request Limit. ${numbers}`,
    type: 'None',
    param: 'None',
    code: '429',
  },
});
const error = (message: string, fields: object = {}): object => ({ error: { message, ...fields } });

export const OTHER_SAMPLES: SampleFile = {
  title: 'Other servers and gateways',
  adapter: 'openai',
  samples: [
    {
      name: 'Cerebras: tokens',
      body: {
        message: 'Tokens per minute limit exceeded - too many tokens processed.',
        type: 'too_many_tokens_error',
        param: 'quota',
        code: 'token_quota_exceeded',
      },
      source: 'github.com/continuedev/continue/issues/9800; fields as of requests',
      date: '2026-01-22',
      ...refusedAs('tokens'),
    },
    {
      name: 'Cerebras: requests',
      body: {
        message: 'Requests per minute limit exceeded - too many requests sent.',
        type: 'too_many_requests_error',
        param: 'quota',
        code: 'request_quota_exceeded',
      },
      source: 'github.com/nminaya/grammar-nazi-bot/issues/959',
      date: '2026-08-12',
      ...refusedAs('requests'),
    },
    {
      name: 'LiteLLM: tokens of a team',
      body: litellm(
        'current rpm: 1, rpm limit: 15, current tpm: 12260, tpm limit: 5000, current max_parallel_requests: 0, max_parallel_requests: 9223372036854775807',
      ),
      source: 'github.com/BerriAI/litellm/issues/13898',
      date: '2025-08-22',
      ...refusedAs('tokens'),
      limit: 5_000,
    },
    {
      name: 'LiteLLM: no limit at all',
      body: litellm(
        'current rpm: 1, rpm limit: -2, current tpm: 0, tpm limit: 9223372036854775807, current max_parallel_requests: 1, max_parallel_requests: 9223372036854775807',
      ),
      source: 'github.com/BerriAI/litellm/issues/9440',
      date: '2025-03-21',
      ...refusedAs('unknown'),
    },
    {
      name: 'LiteLLM: requests of a key',
      headers: { 'retry-after': '60', rate_limit_type: 'requests' },
      body: error(
        'Rate limit exceeded for api_key: 3ae031977bf6. Limit type: requests. Current limit: 60, Remaining: 0. Limit resets at: 2026-11-26 12:01:00 UTC',
        { type: 'None', param: 'None', code: '429' },
      ),
      source: 'github.com/BerriAI/litellm, litellm/proxy/hooks/parallel_request_limiter_v3.py',
      date: '2025-10-01',
      ...refusedAs('requests', 60_000),
      limit: 60,
    },
    {
      name: 'LiteLLM: requests in flight, with the wait of its rate limits',
      headers: { 'retry-after': '60', rate_limit_type: 'max_parallel_requests' },
      body: error(
        'Rate limit exceeded for api_key: 3ae031977bf6. Limit type: max_parallel_requests. Current limit: 8, Remaining: 0. Limit resets at: 2026-11-26 12:01:00 UTC',
        { type: 'None', param: 'None', code: '429' },
      ),
      source: 'github.com/BerriAI/litellm, litellm/proxy/hooks/parallel_request_limiter_v3.py',
      date: '2025-10-01',
      ...refusedAs('concurrency'),
      limit: 8,
    },
    {
      name: 'GitHub Models: a minute',
      headers: { 'retry-after': '9', 'x-ratelimit-type': 'UserByMinute' },
      body: error('Rate limit of 24 per 60s exceeded for UserByMinute. Please wait 9 seconds before retrying.', {
        code: 'RateLimitReached',
        details: 'Rate limit of 24 per 60s exceeded for UserByMinute. Please wait 9 seconds before retrying.',
      }),
      source: 'docs.github.com/en/github-models, rate limits; wording as quoted in public repositories',
      date: '2026-06-22',
      ...refusedAs('requests', 9_000),
    },
    {
      name: 'GitHub Models: requests in flight',
      headers: { 'retry-after': '0', 'x-ratelimit-type': 'UserConcurrentRequests' },
      body: error(
        'Rate limit of 2 per 0s exceeded for UserConcurrentRequests. Please wait 0 seconds before retrying.',
        {
          code: 'RateLimitReached',
          details: 'Rate limit of 2 per 0s exceeded for UserConcurrentRequests. Please wait 0 seconds before retrying.',
        },
      ),
      source: 'docs.github.com/en/github-models, rate limits; wording as quoted in public repositories',
      date: '2026-06-22',
      ...refusedAs('concurrency'),
      limit: 2,
    },
    {
      name: 'Azure API Management: tokens',
      headers: { 'retry-after': '15' },
      body: { statusCode: 429, message: 'Token limit is exceeded. Try again in 15 seconds.' },
      source: 'learn.microsoft.com/azure/api-management/llm-token-limit-policy',
      date: '2026',
      ...refusedAs('tokens', 15_000),
    },
    {
      name: 'slowapi',
      body: { error: 'Rate limit exceeded: 20 per 1 minute' },
      source: 'github.com/laurentS/slowapi, slowapi/extension.py',
      date: '2026',
      ...refusedAs('requests'),
    },
    {
      name: 'Text Generation Inference: requests in flight',
      body: { error: 'Model is overloaded', error_type: 'overloaded' },
      source: 'github.com/huggingface/text-generation-inference/issues/439; --max-concurrent-requests',
      date: '2023-06-12',
      ...refusedAs('concurrency'),
    },
    {
      name: 'Kong: an hour, named by its headers alone',
      headers: {
        'x-ratelimit-limit-hour': '900',
        'x-ratelimit-remaining-hour': '0',
        'ratelimit-limit': '900',
        'ratelimit-remaining': '0',
        'ratelimit-reset': '77',
        'retry-after': '77',
      },
      body: { message: 'API rate limit exceeded' },
      source: 'github.com/Kong/kong, kong/plugins/rate-limiting/handler.lua',
      date: '2026',
      ...refusedAs('requests', 77_000),
      limit: 900,
    },
    {
      name: 'NVIDIA NIM: a worker is full',
      status: 429,
      body: error('ResourceExhausted: Worker local total request limit reached (267/32)'),
      source: 'github.com/NousResearch/hermes-agent/issues/73391',
      date: '2026-07-28',
      ...full,
    },
    {
      name: 'NVIDIA NIM',
      body: { status: 429, title: 'Too Many Requests' },
      source: 'github.com/Alishahryar1/free-claude-code/issues/690',
      date: '2026-06-03',
      ...refusedAs('unknown'),
    },
    {
      name: 'Ollama: what a session may use',
      body: { error: 'you (x) have reached your session usage limit, please wait or upgrade to continue' },
      source: 'github.com/continuedev/continue/issues/10579',
      date: '2026-02-17',
      ...refusedAs('unknown'),
    },
    {
      name: 'GitHub Copilot: requests',
      body: error(
        "Sorry, you've hit a rate limit that restricts the number of Copilot model requests you can make within a specific time period. Please try again in 58 hours. Please review our Terms of Service.",
      ),
      source: 'github.com/github/copilot-cli/issues/2696',
      date: '2026-04-14',
      ...refusedAs('requests', 208_800_000),
      sends: 1,
      holds: 'all, refused',
    },
    {
      name: 'GitHub Copilot: tokens',
      body: error('Sorry, you have exceeded your Copilot token usage. Please review our Terms of Service.', {
        code: 'rate_limited',
      }),
      source: 'github.com/microsoft/vscode-copilot-release/issues/5795',
      date: '2025-12-01',
      ...refusedAs('tokens'),
    },
    {
      name: 'Cloudflare: credits an hour',
      body: error(
        'AI inference rate limit exceeded. Consider using lighter models. Maximum 100 credits per 1 hour or 400 credits per day. Gemini pro models cost 4 credits per call, flash models cost 1 credits per call.',
      ),
      source: 'github.com/cloudflare/vibesdk/issues/164',
      date: '2025-10-17',
      ...refusedAs('unknown'),
    },
    {
      name: 'a gateway’s free quota',
      status: 402,
      body: error('Free quota used (30 requests / 5h). Resets at 10:00 UTC. Top up for unlimited access.', {
        type: 'insufficient_quota',
        code: 'free_quota_exceeded',
      }),
      source: 'github.com/Gitlawb/openclaude/issues/1554',
      date: '2026-06-06',
      ...money,
      waitMs: 79_200_000,
    },
    {
      name: 'Hugging Face: credits',
      status: 402,
      body: {
        error:
          'You have exceeded your monthly included credits for Inference Providers. Subscribe to PRO to get 20x more monthly included credits.',
      },
      source: 'github.com/huggingface/agents-course/issues/386',
      date: '2025-03-29',
      ...money,
    },
  ],
};
