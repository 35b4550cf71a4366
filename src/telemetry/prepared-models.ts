import type { Operation, ProviderName } from '../core/provider.ts';
import { servesClaudeOnly } from './zero-values.ts';

/**
 * The option `models` names models, not who serves them or what they do. Both are guessed by name here,
 * only to decide which series start at zero before the first call: a wrong guess costs a series, not data.
 */

export function mayServe(provider: ProviderName, model: string): boolean {
  return servesClaudeOnly(provider) === model.includes('claude');
}

export function likelyOperation(model: string): Operation {
  if (/embed/i.test(model)) return 'embeddings';
  if (/moderation/i.test(model)) return 'moderation';
  if (/whisper|tts|transcribe/i.test(model)) return 'audio';
  if (/image|dall-e/i.test(model)) return 'image';
  return 'chat';
}
