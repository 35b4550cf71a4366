import { afterEach, describe, expect, it, vi } from 'vitest';
import { FairQueue } from '../../src/pacing/queue/fair-queue.ts';
import { IndexedHeap } from '../../src/pacing/queue/indexed-heap.ts';
import { Waiter } from '../../src/pacing/queue/waiter.ts';
import { request } from './harness.ts';

const waiterOf = (tenant: string, place: number): Waiter =>
  new Waiter(request({ tenant }), undefined, place, 0, Infinity);

function serveAll(queue: FairQueue): string[] {
  const served: string[] = [];
  for (let waiter = queue.peek(); waiter; waiter = queue.peek()) {
    queue.serve(waiter, 1);
    served.push(waiter.request.tenant!);
  }
  return served;
}

describe('tenants that come and go', () => {
  afterEach(() => vi.restoreAllMocks());

  it('cost twice the steps where twice as many wait, but for the depth of a heap', () => {
    const peeks = vi.spyOn(IndexedHeap.prototype, 'peek');
    const iterations = vi.spyOn(Map.prototype, Symbol.iterator);
    const stepsOf = (tenants: number): number => {
      peeks.mockClear();
      const queue = new FairQueue();
      for (let index = 0; index < tenants; index++) queue.push(waiterOf(`tenant ${index}`, index));
      expect(serveAll(queue)).toHaveLength(tenants);
      return peeks.mock.calls.length;
    };
    expect(stepsOf(8_000) / stepsOf(4_000)).toBeLessThan(2.3);
    expect(iterations).not.toHaveBeenCalled();
  });

  it('keep their debt while others wait, and begin anew once it has passed', () => {
    const queue = new FairQueue();
    for (let place = 0; place < 6; place++) queue.push(waiterOf('a', place));
    for (let place = 6; place < 12; place++) queue.push(waiterOf('b', place));
    for (let turn = 0; turn < 4; turn++) {
      const waiter = queue.peek()!;
      queue.serve(waiter, 1);
    }
    // What `c` had served at once is a debt while the others wait.
    queue.push(waiterOf('c', 12));
    queue.serve(queue.peek()!, 1);
    queue.push(waiterOf('c', 13));
    queue.push(waiterOf('c', 14));
    const rest = serveAll(queue);
    expect(rest).toHaveLength(10);
    expect(rest.slice(0, 3).filter((tenant) => tenant === 'c').length).toBeLessThanOrEqual(1);
    // Nobody waits any more: nobody owes anything.
    queue.push(waiterOf('a', 20));
    queue.push(waiterOf('d', 21));
    expect(serveAll(queue)).toEqual(['a', 'd']);
  });
});
