import { describe, expect, it } from 'vitest';
import { LateRetries } from '../../src/core/late-retries.ts';
import { VirtualClock } from '../helpers/virtual-clock.ts';

/** A wait of 2 s at least and 10 s at most, and when it ended. */
function waiting(late: LateRetries, clock: VirtualClock, signal?: AbortSignal) {
  const startedAt = clock.now();
  const seen: { afterMs?: number; error?: unknown } = {};
  late.wait(clock, 2_000, 10_000, signal).then(
    () => (seen.afterMs = clock.now() - startedAt),
    (error: unknown) => (seen.error = error),
  );
  return seen;
}

describe('a late retry', () => {
  it('comes late if nothing is served', async () => {
    const [late, clock] = [new LateRetries(), new VirtualClock()];
    const seen = waiting(late, clock);
    await clock.advance(10_000);
    expect(seen.afterMs).toBe(10_000);
  });

  it('comes once anything is served, but not sooner than it would have otherwise', async () => {
    const [late, clock] = [new LateRetries(), new VirtualClock()];
    const seen = waiting(late, clock);
    await clock.advance(500);
    late.served();
    await clock.advance(1_000);
    expect(seen.afterMs).toBeUndefined();
    await clock.advance(500);
    expect(seen.afterMs).toBe(2_000);
    const other = waiting(late, clock);
    await clock.advance(5_000);
    late.served();
    await clock.advance(0);
    expect(other.afterMs).toBe(5_000);
    expect(clock.pending()).toBe(0);
  });

  it('ends with its signal, before and after it was woken', async () => {
    const [late, clock] = [new LateRetries(), new VirtualClock()];
    const [one, two] = [new AbortController(), new AbortController()];
    const [first, second] = [waiting(late, clock, one.signal), waiting(late, clock, two.signal)];
    one.abort(new Error('one'));
    await clock.advance(0);
    expect(first.error).toBe(one.signal.reason);
    late.served();
    await clock.advance(0);
    two.abort(new Error('two'));
    await clock.advance(0);
    expect(second.error).toBe(two.signal.reason);
    expect(clock.pending()).toBe(0);
  });
});
