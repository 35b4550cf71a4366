import { describe, expect, it } from 'vitest';
import { AdmissionRefused } from '../../src/core/admission.ts';
import { harness, PACING, request } from './harness.ts';

const COUNT = 100_000;

describe('a hundred thousand queued calls', () => {
  // Each step is logarithmic: a quadratic queue would exceed the timeout.
  it('share one signal, leave at once when it aborts, and leave no timer behind', async () => {
    const h = harness({ pacing: { ...PACING, requestsPerMinute: 60 }, maxQueued: COUNT });
    const controller = new AbortController();
    const outcomes = new Map<unknown, number>();
    const note = (outcome: unknown): void => void outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
    const calls = Array.from({ length: COUNT }, (_, index) =>
      Promise.resolve(
        h.lane.acquire(request({ signal: controller.signal, deadlineAt: h.clock.now() + 1e9 + index })),
      ).then(() => note('admitted'), note),
    );
    expect(h.lane.queued).toBeGreaterThan(COUNT - 100);
    expect(h.clock.pending()).toBe(1);
    controller.abort('stop');
    await Promise.all(calls);
    expect(outcomes.get('stop')).toBeGreaterThan(COUNT - 100);
    expect(h.lane.queued).toBe(0);
    expect(h.clock.pending()).toBe(0);
  });

  it('are all refused when the lane closes', async () => {
    const h = harness({ pacing: PACING, maxConcurrent: 1, maxQueued: COUNT });
    let refused = 0;
    const calls = Array.from({ length: COUNT }, (_, index) =>
      Promise.resolve(h.lane.acquire(request({ tenant: `tenant ${index % 1_000}` }))).then(
        () => undefined,
        (error: unknown) => {
          if (error instanceof AdmissionRefused && error.reason === 'closed') refused++;
        },
      ),
    );
    h.lane.close();
    await Promise.all(calls);
    expect(refused).toBe(COUNT - 1);
    expect(h.clock.pending()).toBe(0);
  });
});
