import { describe, expect, it } from 'vitest';
import { CONTESTANTS } from '../../bench/pacing/contestants.ts';
import { simulator } from '../simulator/servers.ts';

describe('contestants of the pacing benchmark', () => {
  it.each(CONTESTANTS)('$name answers what fits and waits after refusals', async ({ load }) => {
    const server = await simulator({
      provider: 'openai',
      limits: { requestsPerMinute: 600, tokensPerMinute: 1_000_000 },
      bucketSeconds: 1,
    });
    const send = (await load())({
      provider: 'openai',
      baseURL: server.url,
      requestsPerMinute: 600,
      tokensPerMinute: 1_000_000,
    });
    // A bucket holds ten.
    const job = (id: number) => ({
      id,
      arriveMs: 0,
      interactive: false,
      text: 'Hello',
      maxOutputTokens: 16,
      cost: { inputTokens: 1, cachedTokens: 0, maxOutputTokens: 16 },
      usage: { inputTokens: 1, cachedTokens: 0, outputTokens: 16 },
    });
    await Promise.all(Array.from({ length: 12 }, (_, id) => send(job(id))));
    expect(server.stats().admitted).toBe(12);
  });
});
