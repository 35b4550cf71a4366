import { busy, money, type SampleFile } from './sample.ts';

export const DEEPSEEK_SAMPLES: SampleFile = {
  title: 'DeepSeek',
  adapter: 'deepseek',
  samples: [
    {
      name: 'no balance',
      status: 402,
      body: {
        error: { message: 'Insufficient Balance', type: 'unknown_error', param: null, code: 'invalid_request_error' },
      },
      source: 'github.com/Aider-AI/aider/issues/4851',
      date: '2026-02-19',
      ...money,
    },
    {
      name: 'too fast',
      status: 429,
      body: {
        error: { message: 'Rate limit reached. Please pace your requests.', type: 'rate_limit_error', code: null },
      },
      source: 'api-docs.deepseek.com/quick_start/error_codes, 429; envelope as of 402',
      date: '2026-02',
      outcome: 'throttled',
      dimension: 'unknown',
      sends: 2,
      holds: 'the model',
    },
    {
      name: 'overloaded',
      status: 503,
      body: { error: { message: 'Server overloaded, please try again later.', type: 'server_error', code: null } },
      source: 'api-docs.deepseek.com/quick_start/error_codes, 503; envelope as of 402',
      date: '2026-02',
      ...busy,
    },
  ],
};
