import { describe, expect, it } from 'vitest';
import type { Ticket } from '../../src/core/admission.ts';
import type { LimitReading } from '../../src/core/outcome.ts';
import { fail, finish, type Harness, harness, info, PACING, reading, watch, type Watched } from './harness.ts';

const ASKED = info({ inputTokens: 10, maxOutputTokens: 0 });

/** Four calls a second for this long, answered quickly once sent. Returns how many were sent. */
async function traffic(h: Harness, seconds: number, answer: readonly LimitReading[] | 'refused'): Promise<number> {
  const calls: Watched[] = [];
  const answered = new Set<Ticket>();
  for (let step = 0; step < 20 * seconds; step++) {
    if (step % 5 === 0) calls.push(watch(h, { info: ASKED, deadlineAt: h.clock.now() + 10_000 }));
    await h.clock.advance(50);
    for (const { ticket } of calls) {
      if (!ticket || answered.has(ticket)) continue;
      answered.add(ticket);
      if (answer === 'refused') fail(ticket, { outcome: 'throttled', dimension: 'tokens', limit: 30_000 });
      else finish(ticket, answer);
    }
  }
  return answered.size;
}

function beliefs(h: Harness): readonly string[] {
  return h.lane.dimensions().find(({ dimension }) => dimension === 'tokens')?.beliefs ?? [];
}

describe.each([
  ['empty', 0],
  ['the same', 100],
])('headers that always show the level as %s though every call succeeds', (_, left) => {
  const stale = [{ ...reading('tokens', 30_000, left), resetMs: 60_000 }];

  it('are not believed', async () => {
    const h = harness({ pacing: PACING });
    await traffic(h, 15, stale);
    expect(await traffic(h, 15, stale)).toBeGreaterThanOrEqual(60);
    expect(beliefs(h)).toContain('unenforced_level');
    h.lane.close();
  });

  it('are believed again when a call is refused, or they show more', async () => {
    const h = harness({ pacing: PACING });
    await traffic(h, 15, stale);
    await traffic(h, 1, 'refused');
    expect(beliefs(h)).not.toContain('unenforced_level');
    await traffic(h, 60, stale);
    expect(beliefs(h)).toContain('unenforced_level');
    await traffic(h, 2, [reading('tokens', 30_000, 20_000)]);
    await traffic(h, 2, [reading('tokens', 30_000, 19_000)]);
    expect(beliefs(h)).not.toContain('unenforced_level');
    h.lane.close();
  });
});

it('a level that has moved stops being believed once it stays empty while every call succeeds', async () => {
  const h = harness({ pacing: PACING });
  for (const left of [20_000, 10_000, 5_000]) await traffic(h, 2, [reading('tokens', 30_000, left)]);
  const stale = [
    {
      ...reading('tokens', 30_000, 0),
      resetMs: 60_000,
    },
  ];
  await traffic(h, 180, stale);
  expect(beliefs(h)).toContain('unenforced_level');
  expect(await traffic(h, 15, stale)).toBeGreaterThanOrEqual(60);
  h.lane.close();
});
