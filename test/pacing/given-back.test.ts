import { describe, expect, it } from 'vitest';
import { GivenBack } from '../../src/pacing/usage/given-back.ts';
import { noAmounts } from '../../src/pacing/usage/reservation.ts';
import { adapterFor } from '../../src/providers/registry.ts';
import { harness, info, MINUTE, PACING, watch } from './harness.ts';

const of = (tokens: number): ReturnType<typeof noAmounts> => ({ ...noAmounts(), tokens });
const charged = (learner: GivenBack, now: number): number => learner.charged(of(4_000), of(100), now).tokens;

describe('output that was reserved and not generated', () => {
  it('counts as returned until a refusal shows that it was not', () => {
    const learner = new GivenBack();
    expect(charged(learner, 0)).toBe(100);
    learner.refused(3_000, 1_000);
    expect(charged(learner, 2_000)).toBeCloseTo(2_050, -1);
    learner.refused(1_500, 3_000);
    expect(charged(learner, 4_000)).toBeCloseTo(3_025, -1);
  });

  it('is not suspected for refusals that it cannot explain', () => {
    const learner = new GivenBack();
    learner.refused(3_000, 0);
    charged(learner, 0);
    // Others have taken ten times as much.
    learner.refused(40_000, 1_000);
    // It fitted as far as we knew.
    learner.refused(-5, 1_000);
    // An hour ago.
    learner.refused(3_000, 60 * MINUTE);
    expect(charged(learner, 61 * MINUTE)).toBe(100);
  });

  it('is tried again gradually', () => {
    const learner = new GivenBack();
    charged(learner, 0);
    learner.refused(3_000, 0);
    expect(charged(learner, 10 * MINUTE)).toBeLessThan(2_050 - 700);
    expect(charged(learner, 60 * MINUTE)).toBe(100);
  });

  it('is learned for a provider that keeps it and sends no headers', async () => {
    const { charge } = adapterFor('openai');
    const limit = 30_000;
    const h = harness({ charge, pacing: { ...PACING, headroom: 0.01, tokensPerMinute: limit } });
    let level = limit;
    let at = h.clock.now();
    let refused = 0;
    for (let call = 0; call < 40; call++) {
      const watched = watch(h, { info: info({ inputBytes: 200, maxOutputTokens: 4_000 }) });
      for (let tries = 0; tries < 100 && !watched.ticket; tries++) await h.clock.advance(500);
      const ticket = watched.ticket!;
      level = Math.min(limit, level + ((h.clock.now() - at) * limit) / MINUTE);
      at = h.clock.now();
      if (level < 4_000) {
        refused++;
        const hintMs = ((4_000 - level) * MINUTE) / limit;
        const numbers = { limit, remaining: Math.floor(level), requested: 4_000, windowMs: MINUTE, hintMs };
        ticket.onHead([], 429);
        ticket.settle({
          outcome: 'throttled',
          failure: { outcome: 'throttled', dimension: 'tokens', retryable: true, advice: '', ...numbers },
        });
      } else {
        level -= 4_000;
        ticket.onHead([], 200);
        await h.clock.advance(500);
        const usage = {
          inputTokens: 50,
          outputTokens: 100,
          cacheReadTokens: 0,
          cacheWriteTokens: 0,
          reasoningTokens: 0,
        };
        ticket.settle({ outcome: 'ok', usage });
      }
      ticket.release();
    }
    // Every second one without learning.
    expect(refused).toBeGreaterThan(0);
    expect(refused).toBeLessThan(13);
  });
});
