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

  it('cost twice the steps if twice as many wait, except for the depth of a heap', () => {
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

  it('keep their debt while others wait, and start over once it has passed', () => {
    const queue = new FairQueue();
    for (let place = 0; place < 6; place++) queue.push(waiterOf('a', place));
    for (let place = 6; place < 12; place++) queue.push(waiterOf('b', place));
    for (let turn = 0; turn < 4; turn++) {
      const waiter = queue.peek()!;
      queue.serve(waiter, 1);
    }
    // What `c` received at once is a debt while the others wait.
    queue.push(waiterOf('c', 12));
    queue.serve(queue.peek()!, 1);
    queue.push(waiterOf('c', 13));
    queue.push(waiterOf('c', 14));
    const rest = serveAll(queue);
    expect(rest).toHaveLength(10);
    expect(rest.slice(0, 3).filter((tenant) => tenant === 'c').length).toBeLessThanOrEqual(1);
    // None waits any more, so none has a debt.
    queue.push(waiterOf('a', 20));
    queue.push(waiterOf('d', 21));
    expect(serveAll(queue)).toEqual(['a', 'd']);
  });
});

describe('tenants that also call through other processes of a fleet', () => {
  const queueOf = (a: number, b: number): FairQueue => {
    const queue = new FairQueue();
    for (let place = 0; place < a; place++) queue.push(waiterOf('a', place));
    for (let place = a; place < a + b; place++) queue.push(waiterOf('b', place));
    return queue;
  };
  const nameOf = (tenant: string): string => {
    const queue = new FairQueue();
    queue.push(waiterOf(tenant, 0));
    return Object.keys(queue.weights())[0]!;
  };
  const serve = (queue: FairQueue, count: number): string =>
    Array.from({ length: count }, () => {
      const waiter = queue.peek()!;
      queue.serve(waiter, 1);
      return waiter.request.tenant;
    }).join('');

  it('are reported by weight, under names that do not reveal them', () => {
    const queue = queueOf(2, 1);
    const weights = queue.weights();
    expect(Object.values(weights)).toEqual([4, 4]);
    for (const name of Object.keys(weights)) expect(name).toMatch(/^4:[0-9a-z]{1,2}$/);
    serve(queue, 3);
    expect(queue.weights()).toEqual({});
  });

  it('are reported under few names however many there are', () => {
    const queue = new FairQueue();
    for (let place = 0; place < 5_000; place++) queue.push(waiterOf(`tenant ${place}`, place));
    const weights = queue.weights();
    expect(Object.keys(weights).length).toBeLessThanOrEqual(512);
    expect(Object.values(weights).reduce((sum, weight) => sum + weight)).toBe(5_000 * 4);
  });

  it('get the part of their weight that the store assigned to this process', () => {
    const queue = queueOf(20, 20);
    queue.weigh({ [nameOf('a')]: 0.25 });
    const served = serve(queue, 20);
    expect(served.split('a').length - 1).toBe(4);
    // No other process has calls of that tenant any more; the debt for its last call is charged at the current weight.
    queue.weigh({});
    expect(serve(queue, 16).split('a').length - 1).toBeGreaterThanOrEqual(7);
  });

  it('get it also if they arrive after it was assigned', () => {
    const queue = new FairQueue();
    queue.weigh({ [nameOf('b')]: 0.25 });
    for (let place = 0; place < 20; place++) queue.push(waiterOf('a', place));
    for (let place = 20; place < 40; place++) queue.push(waiterOf('b', place));
    expect(serve(queue, 20).split('b').length - 1).toBe(4);
  });
});
