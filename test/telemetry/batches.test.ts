import { afterEach, expect, it } from 'vitest';
import type { MeterProvider } from '@opentelemetry/api';
import { batch } from '../../src/batch.ts';
import { createGuard, type Guard } from '../../src/index.ts';
import { Harness } from './harness.ts';

const guards: Guard[] = [];
afterEach(async () => {
  for (const guard of guards.splice(0)) await guard.close();
});

function guardOf(harness: Harness): Guard {
  const guard = createGuard({ telemetry: { meterProvider: harness.meterProvider as MeterProvider } });
  guards.push(guard);
  return guard;
}

const stateOf = async (harness: Harness): Promise<number[]> => {
  const states: number[] = [];
  for (const state of ['answered', 'failed', 'in_flight', 'left']) {
    states.push(...(await harness.values('tidegate.batch.items', { 'tidegate.batch.state': state })));
  }
  return states;
};

/** A batch of five: two are done, one of them failed, and the third waits for `go`. */
async function halfDone(guard: Guard): Promise<{ readonly go: () => void; readonly done: Promise<unknown> }> {
  let go = (): void => undefined;
  let reached = (): void => undefined;
  const gate = new Promise<void>((resolve) => (go = resolve));
  const there = new Promise<void>((resolve) => (reached = resolve));
  const work = async (item: number): Promise<number> => {
    if (item === 1) throw new Error('no');
    if (item === 2) {
      reached();
      await gate;
    }
    return item;
  };
  const run = batch([0, 1, 2, 3, 4], work, { guard, maxConcurrent: 1 });
  const done = Promise.resolve(run);
  await there;
  return { go, done };
}

it('a running batch reports the state of its items', async () => {
  const harness = new Harness();
  const guard = guardOf(harness);
  expect(await stateOf(harness)).toEqual([]);
  const { go, done } = await halfDone(guard);
  expect(await harness.value('tidegate.batch.runs')).toBe(1);
  expect(await stateOf(harness)).toEqual([1, 1, 1, 2]);
  expect(await harness.value('tidegate.batch.eta_seconds')).toBeGreaterThanOrEqual(0);
  go();
  await done;
  expect(await harness.value('tidegate.batch.runs')).toBe(0);
  expect(await stateOf(harness)).toEqual([0, 0, 0, 0]);
});

it('batches of several guards in a process add up, without names', async () => {
  const harness = new Harness();
  const runs = [await halfDone(guardOf(harness)), await halfDone(guardOf(harness))];
  expect(await harness.value('tidegate.batch.runs')).toBe(2);
  expect(await stateOf(harness)).toEqual([2, 2, 2, 4]);
  for (const { go, done } of runs) {
    go();
    await done;
  }
});

it('a batch of unknown length has no known remainder', async () => {
  const harness = new Harness();
  const guard = guardOf(harness);
  let seen: number[] = [];
  const items = (function* (): Generator<number> {
    yield 0;
    yield 1;
  })();
  for await (const row of batch(
    items,
    async (item) => {
      if (item === 1) seen = await stateOf(harness);
      return item;
    },
    { guard, maxConcurrent: 1 },
  )) {
    void row;
  }
  expect(seen).toEqual([1, 0, 1, 0]);
});
