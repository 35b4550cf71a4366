import { money, type SampleFile, waitsOut } from './sample.ts';

const CODE = 'Some resource has been exhausted';

export const XAI_SAMPLES: SampleFile = {
  title: 'xAI',
  adapter: 'x_ai',
  samples: [
    {
      name: 'tokens per minute',
      status: 429,
      body: {
        code: CODE,
        error:
          "Too many tokens for team x and model grok-4-0709. Your team's rate limit is — Tokens per Minute (actual/limit): 65605/16000. You can view your team rate limits at https://console.x.ai.",
      },
      source: 'github.com/cline/cline/issues/4826',
      date: '2025-07-11',
      ...waitsOut,
      dimension: 'tokens',
      limit: 16_000,
    },
    {
      name: 'requests per second, beside others',
      status: 429,
      body: {
        code: CODE,
        error:
          "Too many requests for team x and model grok-4. Your team's rate limit is — Tokens per Minute (actual/limit): 12/2000000, Requests per Second (actual/limit): 9/8.",
      },
      source: 'wording of github.com/cline/cline/issues/4826; the second limit composed',
      date: '2025-07',
      outcome: 'throttled',
      sends: 2,
      holds: 'the call',
      dimension: 'requests',
      limit: 8,
    },
    {
      name: 'credits',
      status: 429,
      body: {
        code: CODE,
        error:
          'Your team x has either used all available credits or reached its monthly spending limit. To continue making API requests, please purchase more credits or raise your spending limit.',
      },
      source: 'github.com/continuedev/continue/issues/10373',
      date: '2026-02-09',
      ...money,
    },
  ],
};
