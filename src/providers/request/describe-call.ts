import type { ProviderAdapter, RequestInfo, RequestLike } from '../../core/provider.ts';
import { disown, kindOf, thrownKind } from '../../core/user-value.ts';
import type { CallHost } from '../seam/call-host.ts';

/** Describes a request, with its input counted by the application's tokenizer if there is one. */
export function describeCall(host: CallHost, adapter: ProviderAdapter, like: RequestLike): RequestInfo {
  const request = adapter.describe(like);
  if (!host.countTokens) return request;
  try {
    const inputTokens: unknown = host.countTokens(like.body);
    if (typeof inputTokens === 'number' && inputTokens >= 0 && Number.isFinite(inputTokens)) {
      return { ...request, inputTokens };
    }
    disown(inputTokens);
    host.warn(`Expected \`pacing.countTokens\` to return a number from 0, got ${kindOf(inputTokens)}.`);
  } catch (error) {
    // A parser's message quotes its input, which here is the prompt.
    host.warn(`pacing.countTokens threw ${thrownKind(error)}.`);
  }
  return request;
}
