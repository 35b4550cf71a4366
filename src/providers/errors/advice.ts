import { type Dimension, limitAdvice, limitNoun } from '../../core/dimensions.ts';
import type { Failure } from '../../core/outcome.ts';

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

/** Codes with more specific advice than their outcome. */
const BY_CODE: Readonly<Record<string, string>> = {
  context_length_exceeded: "Shrink tokens: prompt and answer do not fit into the model's context window.",
  organization_on_hold: 'Contact the provider: it has put the organization of this key on hold.',
  model_not_found: 'Fix the model name, or use a key that has access to the model.',
};

const NO_CAPACITY =
  'Wait, or ask for another tier or model: this one has no capacity at the moment, and your limits are not the cause.';

function noAccess(dimension: Dimension | undefined): string {
  const noun = limitNoun(dimension);
  const limit =
    noun === undefined ? 'the limit of this account is 0 here' : `this account has no ${noun} here, the limit is 0`;
  return `Raise the tier or use another model or mode: ${limit}.`;
}

/** One sentence on what to do about a failure. */
export function adviceFor(
  outcome: FailedOutcome,
  dimension?: Dimension,
  details: {
    readonly codes?: readonly string[];
    readonly limit?: number | undefined;
    readonly noCapacity?: boolean | undefined;
  } = {},
): string {
  if (details.noCapacity) return NO_CAPACITY;
  if (outcome === 'throttled') return limitAdvice(dimension, 'throttled') ?? BY_OUTCOME.throttled;
  if (outcome === 'too_large') {
    if (details.limit === 0) return noAccess(dimension);
    return limitAdvice(dimension, 'tooLarge') ?? BY_OUTCOME.too_large;
  }
  const code = details.codes?.find((each) => Object.hasOwn(BY_CODE, each));
  return code === undefined ? BY_OUTCOME[outcome] : BY_CODE[code]!;
}
