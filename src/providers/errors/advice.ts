import type { Dimension, Failure } from '../../core/outcome.ts';

type FailedOutcome = Failure['outcome'];

const BY_OUTCOME: Readonly<Record<FailedOutcome, string>> = {
  throttled: 'Slow down: the provider refuses calls because a rate limit is reached.',
  too_large: 'Shrink the request: it is larger than the provider accepts, so sending it again cannot help.',
  quota_exhausted: 'Add credit or raise the spend limit of the account: waiting and retrying do not help.',
  overloaded: 'Wait: the provider has no capacity at the moment; your limits are not the cause.',
  server_error: 'Retry later: the provider failed; the request and your limits are not the cause.',
  timeout: 'Raise the timeout or shorten the answer: no complete response came in time.',
  connection: 'Check the network, proxy and base URL: the provider could not be reached or hung up.',
  conflict: 'Retry: another change to the same resource was in progress.',
  auth: 'Fix the key: it is missing, invalid, or not allowed to do this.',
  bad_request: 'Fix the request: the provider rejects it as it is, so sending it again cannot help.',
  cancelled: 'Nothing to fix: the call was cancelled by the application.',
};

const THROTTLED: Readonly<Partial<Record<Dimension, string>>> = {
  requests: 'Slow down requests: the limit of requests per minute is reached; batch work or raise the tier for more.',
  tokens: 'Shrink prompts or max_tokens, or slow down: the limit of tokens per minute is reached.',
  input_tokens: 'Shrink or cache prompts, or slow down: the limit of input tokens per minute is reached.',
  output_tokens: 'Ask for shorter answers, or slow down: the limit of output tokens per minute is reached.',
  requests_day: 'Raise the tier or spread the work over days: the limit of requests per day is reached.',
  tokens_day: 'Raise the tier, shrink tokens or spread the work over days: the limit of tokens per day is reached.',
  concurrency: 'Slow down: too many requests are in flight at once; lower the maxConcurrent of the bulkhead.',
  acceleration: 'Slow down and grow gradually: the traffic rises faster than the provider allows.',
};

const TOO_LARGE: Readonly<Partial<Record<Dimension, string>>> = {
  tokens:
    'Shrink tokens: prompt and max_tokens together exceed the whole limit of tokens per minute, or raise the tier.',
  input_tokens: 'Shrink the prompt: it exceeds the whole limit of input tokens per minute, or raise the tier.',
  output_tokens:
    'Lower max_tokens: the expected answer exceeds the whole limit of output tokens per minute, or raise the tier.',
};

/** Codes whose remedy is more exact than that of their outcome. */
const BY_CODE: Readonly<Record<string, string>> = {
  context_length_exceeded: "Shrink tokens: prompt and answer do not fit into the model's context window.",
  organization_on_hold: 'Contact the provider: it has put the organization of this key on hold.',
  model_not_found: 'Fix the model name, or use a key that has access to the model.',
};

const NO_ACCESS = 'Raise the tier or use another model or mode: the limit of this account is 0 here.';

/** One sentence that says what to do about a failure. */
export function adviceFor(
  outcome: FailedOutcome,
  dimension?: Dimension,
  details: { readonly codes?: readonly string[]; readonly limit?: number | undefined } = {},
): string {
  if (outcome === 'throttled') return (dimension && THROTTLED[dimension]) ?? BY_OUTCOME.throttled;
  if (outcome === 'too_large') {
    if (details.limit === 0) return NO_ACCESS;
    return (dimension && TOO_LARGE[dimension]) ?? BY_OUTCOME.too_large;
  }
  const code = details.codes?.find((each) => Object.hasOwn(BY_CODE, each));
  return code === undefined ? BY_OUTCOME[outcome] : BY_CODE[code]!;
}
