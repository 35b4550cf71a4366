import type { LimitReading } from '../core/outcome.ts';
import { OPENAI_API } from './apis/openai-api.ts';
import { groqCharge } from './charge.ts';
import { addDaily, addLimit, xNames, xRateLimit } from './parse/rate-limit-headers.ts';
import { provider, type Provider } from './provider.ts';

const REQUESTS = xNames('requests');
const TOKENS = xNames('tokens');
const AUDIO = xNames('audio-seconds');

/**
 * Groq's `requests` are always per day and its `tokens` always per minute; its other limits have no header. A server
 * that only speaks its dialect may mean another window: a day's limit refuses calls, so its reset has to bear it out.
 */
function readGroqLimits(headers: Headers, wallMs: number): LimitReading[] {
  const readings: LimitReading[] = [];
  addDaily(readings, xRateLimit(headers, REQUESTS, wallMs), 'requests_day', 'requests');
  addLimit(readings, xRateLimit(headers, TOKENS, wallMs), 'tokens');
  // With transcriptions only, and per hour.
  addLimit(readings, xRateLimit(headers, AUDIO, wallMs), 'audio_seconds');
  return readings;
}

export const GROQ: Provider = provider({
  name: 'groq',
  api: OPENAI_API,
  hosts: ['api.groq.com'],
  classes: { Groq: 'groq' },
  fingerprints: ['x-groq-region'],
  readLimits: readGroqLimits,
  charge: groqCharge,
  endsStreams: true,
  // Limits per service tier (console.groq.com/docs/flex-processing, 2026-10).
  ownTiers: ['flex', 'performance'],
});
