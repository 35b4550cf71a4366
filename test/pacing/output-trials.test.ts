import { describe, expect, it } from 'vitest';
import { LimitBucket } from '../../src/pacing/limits/known-limit.ts';
import { OutputTrials } from '../../src/pacing/limits/output-trials.ts';

const REFILL_MS = 100;

describe('a call that is tried although no output tokens seem to be left', () => {
  it('is due a second after the last answer, and twice as late after each one that is refused', () => {
    const trials = new OutputTrials();
    expect(trials.dueAt(5_000, REFILL_MS)).toBe(6_000);
    for (const [now, next] of [
      [6_000, 8_000],
      [8_000, 12_000],
    ] as const) {
      trials.tries(now);
      trials.answered(true);
      expect(trials.dueAt(now, REFILL_MS)).toBe(next);
    }
    trials.tries(12_000);
    trials.answered(false);
    expect(trials.dueAt(12_000, REFILL_MS)).toBe(13_000);
  });

  it('is not due while one is unanswered, nor before calls come at the stated rate', () => {
    const trials = new OutputTrials();
    expect(trials.dueAt(0, 3_000)).toBe(6_000);
    trials.tries(6_000);
    expect(trials.dueAt(6_000, REFILL_MS)).toBeUndefined();
  });

  it('is repeated where an answer tells nothing', () => {
    const trials = new OutputTrials();
    trials.tries(1_000);
    trials.answered(false);
    expect(trials.dueAt(0, REFILL_MS)).toBe(2_000);
  });
});

describe('a burst that generates far more than expected', () => {
  const LIMIT = 6_000;
  const CALL = 50;
  const policy = { headroom: 0, smooth: false, corrects: true };

  /** A bucket from which more was generated than it held, by the count of this side. */
  function overdrawn(uncounted = 0): LimitBucket {
    const bucket = new LimitBucket('output_tokens', LIMIT, 'header', policy, 0, () => uncounted);
    bucket.observe(
      {
        limit: LIMIT,
        remaining: LIMIT,
        source: 'header',
        mark: 0,
        since: 0,
        amount: 1,
        refused: false,
        sentAt: 0,
        sampledAt: 0,
        previousAt: 0,
        inFlight: 1,
        sequence: 0,
      },
      0,
    );
    bucket.take(CALL, 1);
    bucket.trueUp(-2 * LIMIT, 0);
    return bucket;
  }

  it('does not stop the lane until all of it would have refilled at the stated rate', () => {
    const bucket = overdrawn();
    bucket.refill(0);
    expect(bucket.waitMs(CALL)).toBeLessThanOrEqual(1_000);
    bucket.refill(1_100);
    expect(bucket.waitMs(CALL)).toBe(0);
    bucket.take(CALL, 2);
    // The next one at the stated rate, unless an answer shows more.
    expect(bucket.waitMs(CALL)).toBe((60_000 * CALL) / LIMIT);
  });

  it('waits for answers that are due anyway', () => {
    const bucket = overdrawn(CALL);
    bucket.refill(1_100);
    expect(bucket.waitMs(CALL)).toBeGreaterThan(30_000);
  });
});
