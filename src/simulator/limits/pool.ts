/** Limits of endpoints that have their own, apart from every model. */
export const COUNT_TOKENS_POOL = '@count_tokens';
export const BATCHES_POOL = '@batches';

/**
 * The name under which a model's limits are kept: snapshots share their alias's limits
 * (`gpt-4o-2024-08-06` is `gpt-4o`), and Anthropic's 4.x models share their family's.
 */
export function poolOf(model: string): string {
  const family = /^claude-(opus|sonnet)-4(?:[-.]|$)/.exec(model);
  if (family) return `claude-${family[1]}-4`;
  return model.replace(/-\d{4}-\d{2}-\d{2}$/, '').replace(/-20\d{6}$/, '');
}
