import type { CutReason } from './contract/closed-sets.ts';

/** Finish reasons of incomplete answers. Any other one, known or not, counts as a regular end. */
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

/** Why an answer is incomplete; undefined if it is complete. Of several choices, the first incomplete one decides. */
export function cutReason(finishReasons: readonly string[] | undefined): CutReason | undefined {
  for (const reason of finishReasons ?? []) {
    const cut = CUTS.get(reason.toLowerCase());
    if (cut !== undefined) return cut;
  }
  return undefined;
}
