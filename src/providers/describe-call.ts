import type { ProviderAdapter, RequestInfo, RequestLike } from '../core/provider.ts';
import type { CallHost } from './call-host.ts';

/** What a request is; its input counted by the application's tokenizer where there is one. */
export function describeCall(host: CallHost, adapter: ProviderAdapter, like: RequestLike): RequestInfo {
  const request = adapter.describe(like);
  if (!host.countTokens) return request;
  try {
    const inputTokens: unknown = host.countTokens(like.body);
    if (typeof inputTokens === 'number' && inputTokens >= 0 && Number.isFinite(inputTokens)) {
      return { ...request, inputTokens };
    }
    host.warn(`Expected \`pacing.countTokens\` to return a number from 0, got ${String(inputTokens)}.`);
  } catch (error) {
    host.warn(`pacing.countTokens threw: ${String(error)}`);
  }
  return request;
}
