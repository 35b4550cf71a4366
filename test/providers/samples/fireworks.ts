import { busy, full, type SampleFile } from './sample.ts';

const refused = { status: 429, outcome: 'throttled', sends: 2, dimension: 'unknown', holds: 'the model' } as const;

export const FIREWORKS_SAMPLES: SampleFile = {
  title: 'Fireworks',
  adapter: 'fireworks_ai',
  samples: [
    {
      name: 'usage limits',
      body: {
        error: 'Too Many Requests',
        message:
          'You have exceeded your usage limits. Please try again later or contact Fireworks to explore dedicated capacity.',
      },
      source: 'github.com/GordeyZuev/LEAP/issues/6',
      date: '2025-11-29',
      ...refused,
    },
    {
      name: 'a limit without a name',
      body: { error: { type: 'invalid_request_error', message: 'rate limit exceeded, please try again later' } },
      source: 'github.com/BerriAI/litellm/pull/11455',
      date: '2025-06-05',
      ...refused,
    },
    {
      name: 'overloaded',
      status: 429,
      body: { error: { type: 'invalid_request_error', message: 'server overloaded, please try again later' } },
      source: 'github.com/BerriAI/litellm/pull/9779',
      date: '2025-04-05',
      ...busy,
    },
    {
      name: 'no first token in time',
      status: 429,
      body: { error: { message: "Request didn't generate first token before the given deadline" } },
      source: 'github.com/vybestack/llxprt-code/issues/144',
      date: '2025-08-10',
      ...full,
    },
  ],
};
