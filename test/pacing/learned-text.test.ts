import { describe, expect, it } from 'vitest';
import { readLearned, writeLearned } from '../../src/pacing/usage/learned-text.ts';
import { MemoryStore } from '../../src/fleet/memory-store.ts';
import type { FleetStore, Report } from '../../src/fleet/fleet-store.ts';
import type { RequestInfo } from '../../src/core/provider.ts';
import type { Usage } from '../../src/core/outcome.ts';
import { Estimator } from '../../src/pacing/usage/token-estimator.ts';
import { VirtualClock } from '../helpers/virtual-clock.ts';
import { finish, info, reading, watch } from '../pacing/harness.ts';
import { fleetLane } from '../fleet/fleet-lane.ts';

const MODEL = 'ft:gpt-4o:some-company::abc';
const PLAIN: RequestInfo = info({ model: MODEL, inputBytes: 3_600, maxOutputTokens: 1_000 });
const IMAGE: RequestInfo = { ...PLAIN, hidden: { kind: 'image', parts: 2 } };

function usage(inputTokens: number, outputTokens: number): Usage {
  return { inputTokens, outputTokens, cacheReadTokens: 0, cacheWriteTokens: 0, reasoningTokens: 0 };
}

function taught(): Estimator {
  const estimator = new Estimator();
  for (let call = 0; call < 30; call++) {
    estimator.observe(PLAIN, usage(700, 200 + 10 * (call % 5)), 350, true);
  }
  estimator.observe(IMAGE, usage(2_700, 220), 2_700);
  return estimator;
}

function textOf(estimator: Estimator, countedOnArrival = 0.75): string {
  return writeLearned({ calls: estimator.calls, countedOnArrival, models: () => estimator.learned() });
}

describe('learned token usage as text', () => {
  it.each([
    ['text', PLAIN, false],
    ['text of which a cache may give a part', PLAIN, true],
    ['images', IMAGE, false],
  ])('makes another process expect the same of %s', (_what, asked, mayBeCached) => {
    const [known, fresh] = [taught(), new Estimator()];
    const learned = readLearned(textOf(known))!;
    expect(learned.countedOnArrival).toBe(0.75);
    fresh.adopt(learned);
    const [expected, found] = [known.estimate(asked, mayBeCached), fresh.estimate(asked, mayBeCached)];
    for (const name of ['inputTokens', 'countedInputTokens', 'expectedOutputTokens'] as const) {
      expect(found[name] / expected[name], name).toBeCloseTo(1, 2);
    }
    expect(found.confirmed).toBe(true);
  });

  it('is ignored by a process that has learned by itself', () => {
    const own = new Estimator();
    own.observe(PLAIN, usage(2_000, 900), 2_000);
    const before = own.estimate(PLAIN);
    own.adopt(readLearned(textOf(taught()))!);
    expect(own.estimate(PLAIN)).toEqual(before);
  });

  it('names no model, and is short', () => {
    const text = textOf(taught());
    expect(text).not.toMatch(/gpt|company|abc/);
    expect(text.length).toBeLessThan(160);
    const many = new Estimator();
    for (let model = 0; model < 60; model++) {
      many.observe({ ...IMAGE, model: `m${model}` }, usage(12_345, 1_234), 12_345, true);
    }
    expect(textOf(many).length).toBeLessThan(2_000);
    expect(readLearned(textOf(many))!.of('m59')).toBeDefined();
    expect(readLearned(textOf(many))!.of('m0')).toBeUndefined();
  });

  it.each([
    '',
    'null',
    '[]',
    '{"onArrival":"1","models":{}}',
    '{"onArrival":0,"models":{}}',
    '{"onArrival":-1,"models":{}}',
    '{"onArrival":1e999,"models":{}}',
    '{"onArrival":1,"models":null}',
    '{"onArrival":1,"models":{"a":null}}',
    '{"onArrival":1,"models":{"a":{"output":[1,2],"text":[1,2,3,4],"hidden":null}}}',
  ])('is rejected if no process has written it: %s', (text) => {
    expect(readLearned(text)).toBeUndefined();
  });

  it.each([
    { output: undefined },
    { output: [1, -5] },
    { output: [1] },
    { text: 'abc' },
    { text: [1, null, 2, 3] },
    { cached: 'all' },
  ])('is rejected for a model with invalid numbers: %o', (over) => {
    const told = JSON.parse(textOf(taught())) as { models: Record<string, object> };
    const [digest] = Object.keys(told.models);
    told.models[digest!] = { ...told.models[digest!], ...over };
    const learned = readLearned(JSON.stringify(told))!;
    expect(learned.of(MODEL)).toBeUndefined();
    const fresh = new Estimator();
    fresh.adopt(learned);
    expect(fresh.estimate(PLAIN)).toEqual(new Estimator().estimate(PLAIN));
  });
});

it('reaches a process that is new to a lane', async () => {
  const clock = new VirtualClock();
  const memory = new MemoryStore(clock);
  const reports: Report[] = [];
  const store: FleetStore = {
    exchange: (lane, report) => {
      reports.push(report);
      return memory.exchange(lane, report);
    },
  };
  const first = fleetLane(store, clock);
  const asked = { info: PLAIN };
  for (let call = 0; call < 3; call++) {
    const { ticket } = await settled(clock, watch(first, asked));
    ticket!.onHead([reading('tokens', 100_000, 99_000)], 200);
    ticket!.settle({ outcome: 'ok', usage: usage(500, 100) });
    ticket!.release();
  }
  await clock.advance(11_000);
  finish((await settled(clock, watch(first, asked))).ticket);
  await clock.advance(1_000);
  reports.length = 0;
  first.share.leave();
  const second = fleetLane(store, clock);
  expect((await settled(clock, watch(second, asked))).ticket).toBeDefined();
  await clock.advance(1_000);
  const spent = reports.at(-1)!.limits.find(({ name }) => name === 'tokens')!.spent;
  // 500, and the most that it may answer; the size alone suggests twice as much.
  expect(spent).toBeGreaterThan(1_400);
  expect(spent).toBeLessThan(1_600);
});

async function settled<T>(clock: VirtualClock, watched: T): Promise<T> {
  await clock.advance(100);
  return watched;
}
