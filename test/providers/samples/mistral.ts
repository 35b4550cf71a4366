import { backsOff, full, type SampleFile } from './sample.ts';

export const MISTRAL_SAMPLES: SampleFile = {
  title: 'Mistral',
  adapter: 'mistral_ai',
  samples: [
    {
      name: 'a limit without a name',
      status: 429,
      body: {
        object: 'error',
        message: 'Rate limit exceeded',
        type: 'rate_limited',
        param: null,
        code: '1300',
        raw_status_code: 429,
      },
      source: 'github.com/raycast/extensions/issues/31107',
      date: '2026-09-14',
      ...backsOff,
      dimension: 'unknown',
    },
    {
      name: 'requests',
      status: 429,
      body: { message: 'Requests rate limit exceeded' },
      source: 'github.com/dnakov/anon-kode/issues/53',
      date: '2025-03-17',
      ...backsOff,
      dimension: 'requests',
    },
    {
      name: 'capacity of a tier',
      status: 429,
      body: {
        object: 'error',
        message: 'Service tier capacity exceeded for this model.',
        type: 'invalid_request_error',
        param: null,
        code: null,
      },
      source: 'github.com/continuedev/continue/issues/6185',
      date: '2025-06-18',
      ...full,
    },
    {
      name: 'capacity of a tier, with its code',
      status: 503,
      body: {
        object: 'error',
        message: 'Service tier capacity exceeded for this model.',
        type: 'service_tier_capacity_exceeded',
        param: null,
        code: '3505',
      },
      source: 'github.com/BerriAI/litellm/pull/25078, by an engineer of Mistral: "the backend was at capacity"',
      date: '2026-04-03',
      ...full,
    },
  ],
};
