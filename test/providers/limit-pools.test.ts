import { describe, expect, it } from 'vitest';
import type { ProviderName, RequestInfo } from '../../src/core/provider.ts';
import { limitPool } from '../../src/providers/limit-pools.ts';

const pool = (provider: ProviderName, model: string | undefined, over: Partial<RequestInfo> = {}): string | undefined =>
  limitPool(provider, {
    operation: 'chat',
    ...(model === undefined ? {} : { model }),
    stream: false,
    inputBytes: 0,
    attributes: {},
    ...over,
  });

describe('the pool of a model', () => {
  it.each([
    ['openai', 'gpt-4o-2024-08-06', 'gpt-4o'],
    ['openai', 'gpt-4o', 'gpt-4o'],
    ['openai', 'gpt-4o-mini-2024-07-18', 'gpt-4o-mini'],
    ['openai', 'gpt-5.5-2026-03-02', 'gpt-5.5'],
    ['openai', 'gpt-4-0125-preview', 'gpt-4-turbo'],
    ['openai', 'gpt-4-turbo-preview', 'gpt-4-turbo'],
    ['openai', 'gpt-4-turbo-2024-04-09', 'gpt-4-turbo'],
    ['openai', 'gpt-4-0613', 'gpt-4'],
    ['openai', 'gpt-3.5-turbo-1106', 'gpt-3.5-turbo'],
    ['openai', 'ft:gpt-4o-2024-08-06:acme::abc123', 'gpt-4o'],
    ['openai', 'text-embedding-3-small', 'text-embedding-3-small'],
    ['azure.ai.openai', 'my-deployment-2024-08-06', 'my-deployment-2024-08-06'],
    ['anthropic', 'claude-opus-4-6', 'claude-opus-4'],
    ['anthropic', 'claude-opus-4-5-20251101', 'claude-opus-4'],
    ['anthropic', 'claude-opus-4-20250514', 'claude-opus-4'],
    ['anthropic', 'claude-opus-4-8', 'claude-opus-4'],
    ['anthropic', 'claude-sonnet-4-6', 'claude-sonnet-4'],
    ['anthropic', 'claude-sonnet-4-5-20250929', 'claude-sonnet-4'],
    ['anthropic', 'claude-opus-5', 'claude-opus-5'],
    ['anthropic', 'claude-opus-5-20260301', 'claude-opus-5'],
    ['anthropic', 'claude-opus-5-5', 'claude-opus-5-5'],
    ['anthropic', 'claude-sonnet-5-20260401', 'claude-sonnet-5'],
    ['anthropic', 'claude-fable-5-1', 'claude-fable-5'],
    ['anthropic', 'claude-3-5-haiku-latest', 'claude-3-5-haiku'],
    ['gcp.vertex_ai', 'claude-sonnet-4@20250514', 'claude-sonnet-4'],
    ['aws.bedrock', 'anthropic.claude-opus-4-20250514-v1:0', 'anthropic.claude-opus-4-20250514-v1:0'],
    ['groq', 'openai/gpt-oss-120b', 'openai/gpt-oss-120b'],
  ] as const)('%s %s is %s', (provider, model, name) => {
    expect(pool(provider, model)).toBe(name);
  });

  it.each([
    ['openai', 'flex', '/flex'],
    ['openai', 'ultrafast', '/ultrafast'],
    ['openai', 'priority', ''],
    ['openai', 'fast', ''],
    ['openai', 'default', ''],
    ['openai', 'auto', ''],
    ['anthropic', 'fast', '/fast'],
    ['anthropic', 'auto', ''],
    ['anthropic', 'standard_only', ''],
    ['groq', 'flex', '/flex'],
    ['groq', 'performance', '/performance'],
    ['groq', 'on_demand', ''],
    ['azure.ai.openai', 'flex', ''],
    ['openai', 'made-up', ''],
  ] as const)('%s keeps limits of tier %s apart: %j', (provider, tier, suffix) => {
    expect(pool(provider, 'm', { tier })).toBe(`m${suffix}`);
  });

  it('keeps token counting separate, and has none without a model', () => {
    expect(pool('anthropic', 'claude-opus-4-6', { operation: 'count_tokens' })).toBe('claude-opus-4/count_tokens');
    expect(pool('openai', undefined)).toBeUndefined();
  });
});
