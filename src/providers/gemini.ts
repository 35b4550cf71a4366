import { OPENAI_API } from './apis/openai-api.ts';
import { openAICharge } from './charge.ts';
import { provider, type Provider } from './provider.ts';

/**
 * Google's Gemini API through its endpoint for OpenAI's clients (`/v1beta/openai`). It sends no header about limits
 * (github.com/googleapis/python-genai/issues/1721, open since 2025-11-18): they are learned from refusals, whose
 * body says how long to wait.
 */
export const GEMINI: Provider = provider({
  name: 'gcp.gemini',
  api: OPENAI_API,
  hosts: ['generativelanguage.googleapis.com'],
  readLimits: () => [],
  charge: openAICharge,
});
