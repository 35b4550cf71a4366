import { describe, expect, it } from 'vitest';
import { flush } from '../helpers/virtual-clock.ts';
import { finish, type Harness, harness, PACING, watch, type Watched } from './harness.ts';

const PATIENCE_MS = 10_000;
const ANSWER_MS = 1_000;

/**
 * Twice as many calls as the limit allows, from callers that abort them by a signal after ten seconds. Returns the
 * number answered.
 */
async function overloaded(h: Harness, seconds: number): Promise<number> {
  const open = new Set<{ call: Watched; controller: AbortController; at: number; sentAt?: number }>();
  let answered = 0;
  for (let step = 0; step < 4 * seconds; step++) {
    const controller = new AbortController();
    open.add({ call: watch(h, { signal: controller.signal }), controller, at: h.clock.now() });
    await h.clock.advance(250);
    const now = h.clock.now();
    for (const each of open) {
      const { ticket, error } = each.call;
      if (ticket) each.sentAt ??= now;
      const isAnswered = each.sentAt !== undefined && now - each.sentAt >= ANSWER_MS;
      const isOver = now - each.at >= PATIENCE_MS;
      if (isAnswered) {
        answered++;
        finish(ticket);
      } else if (isOver) {
        each.controller.abort();
        ticket?.settle({ outcome: 'cancelled' });
        ticket?.release();
      }
      if (isAnswered || isOver || error !== undefined) open.delete(each);
    }
    await flush();
  }
  return answered;
}

describe('callers that abort by a signal, at twice what a limit allows', () => {
  it('are answered about as often as the limit allows', async () => {
    const h = harness({ pacing: { ...PACING, requestsPerMinute: 120 } });
    for (let call = 0; call < 120; call++) {
      const first = watch(h);
      await flush();
      if (!first.ticket) break;
      finish(first.ticket);
    }
    await overloaded(h, 30);
    expect(await overloaded(h, 60)).toBeGreaterThan(100);
    h.lane.close();
  });
});
