import { full, money, type SampleFile, waitsOut } from './sample.ts';

const refused = (message: string): object => ({ error: { code: '429', message } });
const QUOTA_INCREASE =
  'Please go here: https://aka.ms/oai/quotaincrease if you would like to further increase the default rate limit.';

export const AZURE_SAMPLES: SampleFile = {
  title: 'Azure OpenAI',
  adapter: 'azure.ai.openai',
  samples: [
    {
      name: 'tokens',
      status: 429,
      body: refused(
        `Requests to the Creates a completion for the chat message Operation under Azure OpenAI API version 2023-03-15-preview have exceeded token rate limit of your current OpenAI S0 pricing tier. Please retry after 7 seconds. ${QUOTA_INCREASE}`,
      ),
      source: 'github.com/microsoft/sample-app-aoai-chatGPT/issues/131',
      date: '2023-08-03',
      ...waitsOut,
      dimension: 'tokens',
      waitMs: 7_000,
    },
    {
      name: 'calls',
      status: 429,
      body: refused(
        `Requests to the Embeddings_Create Operation under Azure OpenAI API version 2023-07-01-preview have exceeded call rate limit of your current OpenAI S0 pricing tier. Please retry after 3 seconds. ${QUOTA_INCREASE}`,
      ),
      source: 'github.com/langchain-ai/langchain/issues/12986',
      date: '2023-11-07',
      ...waitsOut,
      dimension: 'requests',
      waitMs: 3_000,
    },
    {
      name: 'tokens of a region',
      status: 429,
      body: refused(
        'Your requests to gpt-5.1 for gpt-5.1 in East US 2 have exceeded the token rate limit for your current AIServices S0 pricing tier. This request was for ChatCompletions_Create under Azure OpenAI API version 2025-03-01-preview. Please retry after 60 seconds. To increase your default rate limit, visit: https://aka.ms/oai/quotaincrease.',
      ),
      source: 'github.com/dyad-sh/dyad/issues/1849',
      date: '2025-11-23',
      ...waitsOut,
      dimension: 'tokens',
      waitMs: 60_000,
    },
    {
      name: 'a limit without a name, and headers that tell of room',
      status: 429,
      headers: {
        'x-ratelimit-limit-requests': '8',
        'x-ratelimit-limit-tokens': '8000',
        'x-ratelimit-remaining-requests': '7',
        'x-ratelimit-remaining-tokens': '1014',
      },
      body: refused('Rate limit is exceeded. Try again in 2 seconds.'),
      source: 'github.com/microsoft/copilot-camp/issues/551',
      date: '2025-04-03',
      ...waitsOut,
      dimension: 'unknown',
      waitMs: 2_000,
    },
    {
      name: 'a tier that can never fit the request',
      status: 429,
      body: refused(
        `Requests to the ChatCompletions_Create Operation under Azure OpenAI API version 2024-05-01-preview have exceeded token rate limit of your current OpenAI S0 pricing tier. Please retry after 86400 seconds. ${QUOTA_INCREASE}`,
      ),
      source: 'github.com/alex-wolf-ps/dbchatprov2/issues/2',
      date: '2024-07-16',
      ...money,
      waitMs: 86_400_000,
    },
    {
      name: 'the same through a proxy',
      status: 429,
      body: {
        error: {
          message:
            "litellm.RateLimitError: AzureException RateLimitError - Error code: 429 - {'error': {'code': '429', 'message': 'Requests to the ChatCompletions_Create Operation under Azure OpenAI API version 2023-05-15 have exceeded token rate limit of your current AIServices S0 pricing tier. Please retry after 86400 seconds. Please contact Azure support service if you would like to further increase the default rate limit.'}}\nReceived Model Group=azure-gpt-4o-mini\nAvailable Model Group Fallbacks=None",
          type: 'throttling_error',
          param: null,
          code: '429',
        },
      },
      source: 'github.com/jasonacox/TinyLLM/issues/17',
      date: '2025-02-02',
      ...money,
      waitMs: 86_400_000,
    },
    {
      name: 'peak load',
      status: 429,
      body: {
        success: false,
        error: {
          message:
            'azure-openai error: The system is currently experiencing high demand and cannot process your request. Your request exceeds the maximum usage size allowed during peak load. Please retry after 20 seconds. For improved capacity reliability, consider switching to Provisioned Throughput.',
          code: 'RATE_LIMITED',
        },
        status: 429,
      },
      source: 'github.com/pollinations/pollinations/issues/6260',
      date: '2025-12-21',
      ...full,
      waitMs: 20_000,
    },
  ],
};
