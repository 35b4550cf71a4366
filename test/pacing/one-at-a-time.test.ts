import { describe, expect, it } from 'vitest';
import { PROVIDER_NAMES } from '../../src/core/provider.ts';
import type { LimitReading } from '../../src/core/outcome.ts';
import { adapterFor } from '../../src/providers/registry.ts';
import { harness, info, MINUTE, PACING, watch } from './harness.ts';

const LIMIT = 30_000;
const MAX_TOKENS = 4_000;
const INPUT = 50;
const OUTPUT = 100;

/**
 * One call a second of 150 tokens, each with room for 4,000, against 30,000 a minute: a third of the limit. The
 * provider charges its rule's estimate on arrival, and refunds what was not generated.
 */
async function longestWait(
  provider: (typeof PROVIDER_NAMES)[number],
  told: boolean,
  configured: boolean,
): Promise<number> {
  const { charge } = adapterFor(provider);
  const h = harness({
    charge,
    pacing: { ...PACING, headroom: 0.01, ...(configured ? { tokensPerMinute: LIMIT } : {}) },
  });
  let level = LIMIT;
  let most = 0;
  for (let call = 0; call < 30; call++) {
    const { ticket } = await sent(h);
    most = Math.max(most, ticket.waitedMs);
    const reserved = charge.reserve({
      inputTokens: INPUT,
      maxOutputTokens: MAX_TOKENS,
      expectedOutputTokens: OUTPUT,
    }).tokens!;
    level -= reserved;
    const reading: LimitReading = {
      dimension: 'tokens',
      limit: LIMIT,
      remaining: level,
      windowMs: MINUTE,
      source: 'header',
    };
    ticket.onHead(told ? [reading] : [], 200);
    await h.clock.advance(1_000);
    level = Math.min(LIMIT, level + reserved - INPUT - OUTPUT + LIMIT / 60);
    const usage = {
      inputTokens: INPUT,
      outputTokens: OUTPUT,
      cacheReadTokens: 0,
      cacheWriteTokens: 0,
      reasoningTokens: 0,
    };
    ticket.settle({ outcome: 'ok', usage });
    ticket.release();
  }
  return most;
}

async function sent(
  h: ReturnType<typeof harness>,
): Promise<{ ticket: NonNullable<ReturnType<typeof watch>['ticket']> }> {
  const watched = watch(h, { info: info({ inputBytes: 200, maxOutputTokens: MAX_TOKENS }) });
  for (let tries = 0; tries < 400 && !watched.ticket; tries++) await h.clock.advance(50);
  return { ticket: watched.ticket! };
}

describe('sequential calls, far below the limit', () => {
  it.each(PROVIDER_NAMES.flatMap((provider) => [true, false].map((told) => [provider, told] as const)))(
    'never wait at %s, with headers: %s',
    async (provider, told) => {
      expect(await longestWait(provider, told, !told)).toBe(0);
    },
  );
});
