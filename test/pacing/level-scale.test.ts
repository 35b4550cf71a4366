import { describe, expect, it } from 'vitest';
import { bucket, load, named, provider } from '../../bench/sim/random/cases.ts';
import { runCase } from '../../bench/sim/random/run-case.ts';
import { LevelScale } from '../../src/pacing/limits/level-scale.ts';
import { LimitBucket } from '../../src/pacing/limits/known-limit.ts';
import { PLAIN_VIEW } from '../../src/simulator/limits/limit-view.ts';

const LIMIT = 3_000;
const PER_MS = LIMIT / 60_000;

/** Answers of a limiter whose level falls by `perCall` and returns `returns` times as fast as stated. */
function answers(scale: LevelScale, perCall: number, returns: number) {
  let remaining = LIMIT;
  let sequence = 0;
  let at = 0;
  return {
    calls(count: number): void {
      for (let i = 0; i < count; i++) {
        sequence++;
        remaining -= perCall;
        scale.observe({ at, remaining, sequence, mark: sequence }, LIMIT, PER_MS, 1);
      }
    },
    pause(ms: number): void {
      at += ms;
      remaining = Math.min(LIMIT, remaining + returns * PER_MS * ms);
    },
    refused(): void {
      scale.neverCounted(++sequence, 1);
    },
  };
}

describe('a level reported as a share of the whole limit', () => {
  it('is believed once it has fallen in proportion to what was spent, and returned faster than stated', () => {
    const scale = new LevelScale();
    const limiter = answers(scale, 60, 60);
    limiter.calls(2);
    expect(scale.suspected).toBe(false);
    limiter.calls(8);
    expect(scale).toMatchObject({ factor: 1, suspected: true });
    limiter.pause(400);
    limiter.calls(1);
    expect(scale.factor).toBeCloseTo(60, 0);
    expect(scale.suspected).toBe(false);
  });

  it('is not believed where other users take as much again and again: what they took does not return sooner', () => {
    const scale = new LevelScale();
    const limiter = answers(scale, 20, 1);
    for (let i = 0; i < 20; i++) {
      limiter.calls(5);
      limiter.pause(1_000);
    }
    expect(scale.factor).toBe(1);
    limiter.pause(2_000);
    limiter.calls(1);
    limiter.pause(2_000);
    limiter.calls(1);
    expect(scale.suspected).toBe(false);
  });

  it('is not believed where the level falls by what calls take, however fast it returns', () => {
    const scale = new LevelScale();
    const limiter = answers(scale, 1, 60);
    for (let i = 0; i < 20; i++) {
      limiter.calls(40);
      limiter.pause(400);
    }
    expect(scale).toMatchObject({ factor: 1, suspected: false });
  });

  it('is not believed for a single large fall, which others may have taken', () => {
    const scale = new LevelScale();
    const told = [
      [0, 1, 2_999],
      [5, 62, 2_438],
      [10, 63, 2_437],
      [15, 64, 2_436],
      // What was taken is back at once.
      [300, 65, 2_990],
    ] as const;
    for (const [at, sequence, remaining] of told) {
      scale.observe({ at, remaining, sequence, mark: sequence }, LIMIT, PER_MS, 1);
    }
    expect(scale.factor).toBe(1);
  });

  it('does not count refused requests as spent', () => {
    const scale = new LevelScale();
    const limiter = answers(scale, 60, 60);
    limiter.calls(5);
    for (let i = 0; i < 100; i++) limiter.refused();
    limiter.calls(5);
    limiter.pause(400);
    limiter.calls(1);
    expect(scale.factor).toBeCloseTo(60, 0);
  });

  it('ends when the level falls by what calls take', () => {
    const scale = new LevelScale();
    const limiter = answers(scale, 60, 60);
    limiter.calls(10);
    limiter.pause(400);
    limiter.calls(1);
    expect(scale.factor).toBeGreaterThan(50);
    const other = answers(scale, 1, 1);
    for (let i = 0; i < 5; i++) {
      other.calls(40);
      other.pause(400);
    }
    expect(scale.factor).toBe(1);
  });

  it('ends when pauses show no more than the stated refill', () => {
    const scale = new LevelScale();
    const limiter = answers(scale, 60, 60);
    limiter.calls(10);
    limiter.pause(400);
    limiter.calls(1);
    const slow = answers(scale, 60, 1);
    slow.calls(20);
    for (let i = 0; i < 3; i++) {
      slow.pause(5_000);
      slow.calls(1);
    }
    expect(scale.factor).toBe(1);
  });
});

const lengths = [500, 1_000, 2_000, 6_000, 15_000];
const resets = ['full', 'next'] as const;
const share = (reset: (typeof resets)[number]) => ({ view: { ...PLAIN_VIEW, remaining: 'share', reset } }) as const;

describe.each(lengths.flatMap((windowMs) => resets.map((reset) => ({ windowMs, reset }))))(
  'a bucket of $windowMs ms, reported like that with resets to $reset',
  ({ windowMs, reset }) => {
    const calls = 600 + windowMs / 20;

    it('is used to its limit of requests', async () => {
      const limits = [bucket('requestsPerMinute', 3_000, windowMs)];
      const each = named('share', provider(limits, share(reset)), load({ calls }));
      const { ratio, waste } = await runCase(each, 'tidegate');
      expect(ratio).toBeLessThan(1.1);
      expect(waste).toBeLessThan(0.08);
    });

    it('is used to its limit of tokens, where answers state no limit of requests', async () => {
      const limits = [bucket('requestsPerMinute', 30_000, windowMs), bucket('tokensPerMinute', 900_000, windowMs)];
      const spec = provider(limits, { dialect: 'groq', ...share(reset) });
      const each = named('share', spec, load({ calls, inputTokens: 200, spread: 0.5 }));
      const { ratio, waste } = await runCase(each, 'tidegate');
      expect(ratio).toBeLessThan(1.12);
      expect(waste).toBeLessThan(0.08);
    });
  },
);

describe('answers that come late after a change of the limit', () => {
  it('are not compared with newer ones, which state another limit', () => {
    const limit = new LimitBucket('requests', LIMIT, 'header', { headroom: 0, smooth: false, corrects: true }, 0);
    const tell = (sequence: number, of: number, remaining: number, at = sequence): void => {
      const seen = { limit: of, remaining, resetMs: 20, source: 'header', inFlight: 1, amount: 1 } as const;
      const sent = { sentAt: at, sampledAt: at, previousAt: at, sequence, mark: sequence, since: 0 };
      limit.observe({ ...seen, ...sent, refused: false }, 1_000 + at);
    };
    for (let sequence = 1; sequence <= 200; sequence++) limit.take(1, sequence);
    tell(1, LIMIT, 2_999);
    tell(100, 1_000, 999);
    // Sent before the change, and answered in turns with what was sent after it.
    tell(40, LIMIT, 2_999);
    for (let call = 1; call <= 4; call++) tell(100 + call, 1_000, 990 - call);
    tell(105, 1_000, 999, 200);
    expect(limit.snapshot(2_000).beliefs).not.toContain('scaled_level');
  });
});

describe('a bucket that turns out to be smaller than its window', () => {
  const policy = { headroom: 0, smooth: false, corrects: true };
  const seen = { limit: LIMIT, source: 'header', inFlight: 1, amount: 1, refused: false, since: 0 } as const;

  /** A bucket that reports these levels and is full within a quarter of a second. */
  function told(...levels: number[]): { limit: LimitBucket; tell: (remaining: number) => void } {
    const limit = new LimitBucket('requests', LIMIT, 'header', policy, 0);
    let sequence = 0;
    const tell = (remaining: number): void => {
      sequence++;
      limit.take(1, sequence);
      const at = { sentAt: 10 * sequence, sampledAt: 10 * sequence, previousAt: 0, sequence, mark: sequence };
      limit.observe({ ...seen, ...at, remaining, resetMs: 220 }, 10 * sequence);
    };
    for (const level of levels) tell(level);
    return { limit, tell };
  }

  it('owes nothing: what was taken for the rest of the window was its level', () => {
    const { limit } = told(40, 39);
    expect(limit.burst).toBeLessThan(50);
    expect(limit.level).toBeGreaterThan(30);
  });

  it('holds what is above the level of a refusal, and more once a higher level is reported', () => {
    const { limit, tell } = told(390, 380, 361);
    const refusal = { amount: 1, sequence: 4, sentAt: 30, news: true, hinted: false };
    limit.refused(refusal, 360, 0, 0, 40);
    expect(limit.burst).toBe(31);
    tell(450);
    expect(limit.burst).toBe(91);
    // The whole window is there after all.
    tell(2_950);
    expect(limit.burst).toBe(LIMIT - 360);
  });
});
