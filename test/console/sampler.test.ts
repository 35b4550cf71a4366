import { describe, expect, test } from 'vitest';
import { processSource } from '../../src/console/process-source.ts';
import { Sampler } from '../../src/console/sampler.ts';
import type { Update } from '../../src/console/state.ts';
import { VirtualClock } from '../helpers/virtual-clock.ts';
import { callInfo, USAGE } from '../telemetry/harness.ts';
import { FakeGuard, laneSnapshot } from './fake-guard.ts';

function started(lanes = [laneSnapshot()]) {
  const clock = new VirtualClock();
  const guard = new FakeGuard();
  guard.lanes = lanes;
  const sampler = new Sampler({ sources: [processSource(guard, clock)], clock, ref: false });
  const update = (fine = 0, coarse = 0): Update => JSON.parse(sampler.update(fine, coarse)) as Update;
  return { clock, guard, sampler, update };
}

const callEnd = (lane: string, costUsd?: number) =>
  ({
    type: 'call.end',
    call: callInfo({ lane }),
    outcome: 'success',
    durationMs: 1,
    attempts: 1,
    waitedPacerMs: 0,
    waitedBulkheadMs: 0,
    retryDelayMs: 0,
    errorType: undefined,
    usage: USAGE,
    response: {} as never,
    ...(costUsd !== undefined && { costUsd }),
  }) as const;

const refused = (lane: string) =>
  ({
    type: 'rate_limited',
    call: callInfo({ lane }),
    attempt: 1,
    dimension: 'tokens',
    limit: 100,
    remaining: 10,
    resetMs: 500,
    requested: 40,
    advice: 'Slow down.',
  }) as const;

describe('a guard of this process', () => {
  test('is shown with rates, refusals, hits and costs from its events', async () => {
    const { clock, guard, sampler, update } = started();
    await sampler.start();
    expect(update().state).toMatchObject({ totals: { callsPerSecond: 0, refused: 0 }, hits: [] });
    expect(update().state.totals).not.toHaveProperty('usd');
    for (let index = 0; index < 4; index++) guard.emit(callEnd('openai/gpt-4o', 0.01));
    guard.emit(refused('openai/gpt-4o'));
    const retry = {
      type: 'retry',
      call: callInfo({ lane: 'openai/gpt-4o' }),
      attempt: 1,
      reason: 'rate_limit',
    } as const;
    guard.emit({ ...retry, delayMs: 1, delaySource: 'body', status: 429 });
    await clock.advance(2_000);
    const { state } = update();
    expect(state.totals).toMatchObject({ callsPerSecond: 2, tokensPerSecond: 280, refused: 1, retried: 1, usd: 0.04 });
    expect(state.totals.usdPerHour).toBeCloseTo(72, 6);
    expect(state.lanes[0]).toMatchObject({
      provider: 'openai',
      group: 'gpt-4o',
      condition: 'refused',
      refused: { tokens: 1 },
      retried: 1,
      limits: [{ dimension: 'tokens', limit: 30_000, used: 0.5 }],
    });
    expect(state.hits).toMatchObject([
      { lane: 'openai/gpt-4o', dimension: 'tokens', used: 90, requested: 40, advice: 'Slow down.' },
    ]);
    await clock.advance(2_000);
    expect(update().points.fine.added).toMatchObject([
      { calls: 4, refused: { tokens: 1 }, retries: { rate_limit: 1 } },
    ]);
    sampler.close();
  });

  test('leaves nothing when it is closed: no timer, no listener', async () => {
    const { clock, guard, sampler } = started();
    await sampler.start();
    expect(clock.pending()).toBe(1);
    expect(clock.pending('referenced')).toBe(0);
    sampler.close();
    expect(clock.pending()).toBe(0);
    for (const type of ['call.end', 'retry', 'rate_limited'] as const) expect(guard.hears(type)).toBe(false);
  });

  test('is read once per sample, however many pages poll', async () => {
    const { clock, guard, sampler } = started();
    await sampler.start();
    for (let second = 0; second < 20; second += 2) {
      for (let page = 0; page < 10; page++) sampler.update(0, 0);
      await clock.advance(2_000);
    }
    expect(guard.looks).toBe(11);
    sampler.close();
  });

  test('takes no more memory after a day than after an hour', async () => {
    const { guard, clock, sampler } = started();
    await sampler.sample();
    const run = async (hours: number, lane: (at: number) => string): Promise<number> => {
      for (let at = 0; at < hours * 1800; at += 10) {
        guard.lanes = [
          laneSnapshot({ lane: lane(at), group: lane(at), queued: at % 7, circuit: at % 20 ? 'closed' : 'open' }),
        ];
        for (let hit = 0; hit < 3; hit++) guard.emit(refused(lane(at)));
        guard.emit(callEnd(lane(at), 0.001));
        await clock.advance(20_000);
        await sampler.sample();
      }
      return sampler.update(0, 0).length;
    };
    // Lanes come and go; they are identified by name.
    const hour = await run(7, (at) => `openai/model-${at % 500}`);
    const day = await run(24, (at) => `openai/model-${100_000 + at}`);
    expect(day).toBeLessThan(hour * 1.1);
    expect(day).toBeLessThan(150_000);
    sampler.close();
  });

  test('shows the most affected lanes first, and says how many it leaves out', async () => {
    const lanes = Array.from({ length: 60 }, (_, index) => {
      const lane = `openai/m${String(index).padStart(2, '0')}`;
      return laneSnapshot({ lane, group: lane.slice(7), circuit: index === 57 ? 'open' : 'closed' });
    });
    const { sampler, update } = started(lanes);
    await sampler.sample();
    const { state } = update();
    expect(state.lanes).toHaveLength(40);
    expect(state.lanesLeftOut).toBe(20);
    expect(state.lanes.slice(0, 2).map(({ group }) => group)).toEqual(['m57', 'm00']);
    sampler.close();
  });

  test('keeps two accounts with the same name apart', async () => {
    const { sampler, update } = started([laneSnapshot(), laneSnapshot({ queued: 3 })]);
    await sampler.sample();
    expect(update().state.lanes.map(({ group, queued }) => [group, queued])).toEqual([
      ['gpt-4o', 0],
      ['gpt-4o (2)', 3],
    ]);
    expect(new Set(update().state.lanes.map(({ key }) => key)).size).toBe(2);
    sampler.close();
  });

  test('shows its running batches', async () => {
    const { guard, sampler, update } = started();
    const counts = { done: 10, failed: 1, inFlight: 3, total: 50, eta: { toSeconds: 20 } };
    const runs = new Set([() => counts, () => undefined]);
    Object.assign(guard, { runs });
    await sampler.sample();
    const { eta: _, ...shown } = counts;
    expect(update().state.batches).toEqual([{ name: 'batch 1', ...shown, secondsLeft: 20 }]);
    runs.clear();
    await sampler.sample();
    expect(update().state.batches).toEqual([]);
    sampler.close();
  });

  test('names no tenant, no account and no address', async () => {
    const lane = laneSnapshot({ waiting: { urgent: 1, busiestTenant: 'acme-corp', busiestShare: 0.9 }, queued: 9 });
    const { sampler } = started([lane]);
    await sampler.sample();
    expect(sampler.update(0, 0)).not.toMatch(/acme|api\.openai\.com/);
    sampler.close();
  });
});
