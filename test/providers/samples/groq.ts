import { full, never, ofContent, type SampleFile, waitsOut } from './sample.ts';

const error = (message: string, type: string, code?: string): object => ({
  error: { message, type, ...(code ? { code } : {}) },
});
const limit = (message: string, type = 'tokens'): object => error(message, type, 'rate_limit_exceeded');

export const GROQ_SAMPLES: SampleFile = {
  title: 'Groq',
  adapter: 'groq',
  samples: [
    {
      name: 'tokens per minute',
      status: 429,
      headers: { 'retry-after': '6' },
      body: limit(
        'Rate limit reached for model `gemma2-9b-it` in organization `...` service tier `on_demand` on tokens per minute (TPM): Limit 15000, Used 11972, Requested 4351. Please try again in 5.289s. Visit https://console.groq.com/docs/rate-limits for more information.',
      ),
      source: 'github.com/Aider-AI/aider/issues/3265; header as captured elsewhere',
      date: '2025-02',
      ...waitsOut,
      dimension: 'tokens',
      limit: 15_000,
      waitMs: 6_000,
    },
    {
      name: 'more than the limit',
      status: 429,
      body: limit(
        'Rate limit reached for model `llama3-70b-8192` in organization `...` on tokens per minute (TPM): Limit 7000, Used 0, Requested ~12903. Please try again in 50.597142857s. Visit https://console.groq.com/docs/rate-limits for more information.',
      ),
      source: 'github.com/danielmiessler/Fabric/issues/364',
      date: '2024-04-24',
      ...never,
      dimension: 'tokens',
      limit: 7_000,
      waitMs: 50_597.142857,
    },
    {
      name: 'tokens per day',
      status: 429,
      body: limit(
        'Rate limit reached for model `llama-3.3-70b-versatile` in organization `...` service tier `on_demand` on tokens per day (TPD): Limit 100000, Used 97050, Requested 3619. Please try again in 9m38.016s. Need more tokens? Upgrade to Dev Tier today at https://console.groq.com/settings/billing',
      ),
      source: 'github.com/continuedev/continue/issues/10920',
      date: '2026-03',
      outcome: 'throttled',
      sends: 1,
      holds: 'the call',
      dimension: 'tokens_day',
      limit: 100_000,
      waitMs: 578_016,
    },
    {
      name: 'seconds of audio per hour',
      status: 429,
      headers: { 'retry-after': '30' },
      body: limit(
        'Rate limit reached for model `whisper-large-v3` in organization `...` service tier `on_demand` on seconds of audio per hour (ASH): Limit 7200, Used 7192, Requested 68. Please try again in 30s. Need more tokens? Upgrade to Dev Tier today at https://console.groq.com/settings/billing',
        'seconds',
      ),
      source: 'console.groq.com/docs/rate-limits; message by the pattern of the others',
      date: '2026-10',
      ...ofContent,
      dimension: 'audio_seconds',
      limit: 7_200,
      waitMs: 30_000,
    },
    {
      name: 'flex without capacity',
      status: 498,
      body: { error: 'capacity_exceeded' },
      source: 'console.groq.com/docs/flex-processing',
      date: '2026-10',
      ...full,
    },
    {
      name: 'over capacity',
      status: 503,
      body: error(
        'qwen/qwen3.8-27b is currently over capacity. Please try again and back off exponentially. Visit https://groqstatus.com to see if there is an active incident.',
        'internal_server_error',
      ),
      source: 'recorded answer',
      date: '2026-09',
      outcome: 'overloaded',
      sends: 2,
      holds: 'the call',
    },
  ],
};
