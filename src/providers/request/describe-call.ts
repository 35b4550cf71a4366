import type { ProviderAdapter, RequestInfo, RequestLike } from '../../core/provider.ts';
import type { CallHost } from '../seam/call-host.ts';

/** What a request is; its input counted by the application's tokenizer where there is one. */
export function describeCall(host: CallHost, adapter: ProviderAdapter, like: RequestLike): RequestInfo {
  const request = adapter.describe(like);
  if (!host.countTokens) return request;
  try {
    const inputTokens: unknown = host.countTokens(like.body);
    if (typeof inputTokens === 'number' && inputTokens >= 0 && Number.isFinite(inputTokens)) {
      return { ...request, inputTokens };
    }
    host.warn(`Expected \`pacing.countTokens\` to return a number from 0, got ${show(inputTokens)}.`);
  } catch (error) {
    // A parser's message quotes its input, which here is the prompt.
    host.warn(`pacing.countTokens threw ${error instanceof Error ? error.constructor.name : `a ${typeof error}`}.`);
  }
  return request;
}

function show(value: unknown): string {
  return typeof value === 'number' ? String(value) : `a value of type ${typeof value}`;
}
