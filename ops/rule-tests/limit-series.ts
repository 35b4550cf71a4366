import { type Firing, input, type InputSeries, MODEL } from './rule-test.ts';

/** Series and alerts of one limit of one model. */

export const labels = (dimension: string): Record<string, string> => ({
  ...MODEL,
  tidegate_limit_dimension: dimension,
});

export const remaining = (dimension: string, values: string, instance = 'a'): InputSeries =>
  input('tidegate.ratelimit.remaining', { instance, ...labels(dimension) }, values);
export const used = (dimension: string, values: string, instance = 'a'): InputSeries =>
  input('tidegate.limit.utilization_ratio', { instance, ...labels(dimension) }, values);
export const limit = (dimension: string, values: string): InputSeries =>
  input('tidegate.ratelimit.limit', labels(dimension), values);
export const reset = (dimension: string, values: string): InputSeries =>
  input('tidegate.ratelimit.reset_seconds', labels(dimension), values);
export const refusals = (dimension: string, values: string): InputSeries =>
  input('tidegate.ratelimit.rejections', { ...labels(dimension), gen_ai_operation_name: 'chat' }, values);

export const SHRINK = 'Shrink tokens: shorten prompts and lower max_tokens; for more, raise the tier.';

export const firing = (severity: string, dimension: string, summary: string, description: string): Firing => ({
  labels: { severity, job: 'app', ...labels(dimension) },
  summary,
  description,
});
