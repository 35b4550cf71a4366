import { type SampleFile } from './sample.ts';

const refused = { status: 429, outcome: 'throttled', sends: 2, dimension: 'requests', holds: 'the model' } as const;

export const TOGETHER_SAMPLES: SampleFile = {
  title: 'Together',
  adapter: 'together_ai',
  samples: [
    {
      name: 'of the account',
      body: {
        error: {
          message:
            'You have been rate limited. Your rate limit is 60 queries per minute. Please navigate to https://api.together.xyz/settings/billing to upgrade to a paid plan.',
          type: 'credit_limit',
          param: null,
          code: null,
        },
      },
      source: 'github.com/togethercomputer/MoA/issues/27',
      date: '2024-06-28',
      ...refused,
      limit: 60,
    },
    {
      name: 'of one model',
      body: {
        error: {
          message:
            'You have reached the rate limit specific to this model black-forest-labs/FLUX.1-kontext-pro. The maximum rate limit for this model is 9.0 queries per minute. This limit differs from the general rate limits published at Together AI rate limits documentation (https://docs.together.ai/docs/rate-limits).',
          type: 'model_rate_limit',
          param: null,
          code: null,
        },
      },
      source: 'github.com/xtekky/gpt4free/issues/3032',
      date: '2025-06-12',
      ...refused,
      limit: 9,
    },
  ],
};
