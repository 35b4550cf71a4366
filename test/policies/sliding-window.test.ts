import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SlidingWindow } from '../../src/policies/sliding-window.ts';
import { VirtualClock } from '../helpers/virtual-clock.ts';

describe('SlidingWindow', () => {
  it('keeps what came within the window and drops what is a twentieth older, whatever the traffic', async () => {
    const step = fc.record({ afterMs: fc.integer({ min: 0, max: 900 }), first: fc.boolean() });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), fc.integer({ min: 0, max: 3_000 }), async (steps, idleMs) => {
        const clock = new VirtualClock();
        const window = new SlidingWindow(1_000, clock);
        const events: { at: number; first: boolean }[] = [];
        for (const { afterMs, first } of steps) {
          await clock.advance(afterMs);
          if (first) window.addFirst();
          else window.addSecond();
          events.push({ at: clock.now(), first });
        }
        await clock.advance(idleMs);
        for (const [first, count] of [
          [true, window.first()],
          [false, window.second()],
        ] as const) {
          const within = (ms: number): number =>
            events.filter((event) => event.first === first && clock.now() - event.at < ms).length;
          expect(count).toBeGreaterThanOrEqual(within(1_000));
          expect(count).toBeLessThanOrEqual(within(1_050.001));
        }
      }),
      { numRuns: 60 },
    );
  });

  it('never goes below zero, even when a correction outlives what it corrects', async () => {
    const clock = new VirtualClock();
    const window = new SlidingWindow(1_000, clock);
    window.addFirst();
    await clock.advance(600);
    window.addFirst(-1);
    expect(window.first()).toBe(0);
    await clock.advance(600);
    expect(window.first()).toBe(0);
    window.clear();
    window.addFirst();
    expect(window.first()).toBe(1);
  });
});
