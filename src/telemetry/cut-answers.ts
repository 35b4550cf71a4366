import type { CutReason } from './contract/closed-sets.ts';

/** Words of providers for an answer that is not whole. Every other one, known or not, counts as an answer's own end. */
const CUTS: ReadonlyMap<string, CutReason> = new Map([
  ['length', 'length'],
  ['max_tokens', 'length'],
  ['max_output_tokens', 'length'],
  ['model_length', 'length'],
  ['model_context_window_exceeded', 'length'],
  ['content_filter', 'content_filter'],
  ['safety', 'content_filter'],
  ['recitation', 'content_filter'],
  ['prohibited_content', 'content_filter'],
  ['blocklist', 'content_filter'],
  ['refusal', 'refusal'],
  ['failed', 'error'],
  ['error', 'error'],
  ['malformed_function_call', 'error'],
]);

/** Why an answer is not whole; undefined where it is. Of several choices the first that was cut decides. */
export function cutReason(finishReasons: readonly string[] | undefined): CutReason | undefined {
  for (const reason of finishReasons ?? []) {
    const cut = CUTS.get(reason.toLowerCase());
    if (cut !== undefined) return cut;
  }
  return undefined;
}
