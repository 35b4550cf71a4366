import { processSource } from '../src/console/process-source.ts';
import { Sampler } from '../src/console/sampler.ts';
import { type Clock, systemClock } from '../src/core/clock.ts';
import type { Update } from '../src/console/state.ts';
import { FakeGuard, laneSnapshot } from '../test/console/fake-guard.ts';
import { callInfo, USAGE } from '../test/telemetry/harness.ts';

/** What a console costs the process that it watches: time for a sample, an answer to a page and an event, and sizes. */
const SAMPLES = 2_000;

/** Two seconds pass between samples, as in an application. */
let now = 0;
const clock: Clock = { now: () => now, wall: () => 1.8e12 + now, after: systemClock.after };

function medianUs(times: readonly number[]): string {
  return ([...times].sort((a, b) => a - b)[Math.floor(times.length / 2)]! * 1000).toFixed(1);
}

async function timed(count: number, run: (index: number) => unknown): Promise<number[]> {
  const times: number[] = [];
  for (let index = 0; index < count; index++) {
    const before = performance.now();
    await run(index);
    times.push(performance.now() - before);
  }
  return times;
}

for (const lanes of [3, 40]) {
  const guard = new FakeGuard();
  const names = Array.from({ length: lanes }, (_, index) => `openai/model-${index}`);
  const calls = names.map((lane) => callInfo({ lane }));
  const [dimension] = laneSnapshot().dimensions;
  guard.lanes = names.map((lane) =>
    laneSnapshot({
      lane,
      group: lane.slice(7),
      queued: 3,
      dimensions: [dimension!, { ...dimension!, dimension: 'requests' }],
    }),
  );
  const sampler = new Sampler({ sources: [processSource(guard, clock)], clock, ref: false });
  const emit = (index: number): void => {
    const call = calls[index % lanes]!;
    guard.emit({
      type: 'call.end',
      call,
      outcome: 'success',
      durationMs: 1,
      attempts: 1,
      waitedPacerMs: 0,
      waitedBulkheadMs: 0,
      retryDelayMs: 0,
      errorType: undefined,
      usage: USAGE,
      response: {},
      costUsd: 0.001,
    } as never);
    if (index % 10 === 0)
      guard.emit({
        type: 'retry',
        call,
        attempt: 1,
        reason: 'rate_limit',
        delayMs: 1,
        delaySource: 'body',
        status: 429,
      });
  };
  const events = 200_000;
  const before = performance.now();
  for (let index = 0; index < events; index++) emit(index);
  const eventNs = ((performance.now() - before) * 1e6) / events;
  const samples = await timed(SAMPLES, (index) => {
    emit(index);
    now += 2_000;
    return sampler.sample();
  });
  const first = sampler.update(0, 0);
  const { points } = JSON.parse(first) as Update;
  const answers = await timed(SAMPLES, () => sampler.update(points.fine.last, points.coarse.last));
  const next = sampler.update(points.fine.last, points.coarse.last);
  console.log(
    `${lanes} lanes: a sample ${medianUs(samples)} us, an answer ${medianUs(answers)} us, an event ${eventNs.toFixed(0)} ns; ` +
      `bytes: an answer ${next.length}, the first one ${first.length}`,
  );
  sampler.close();
}
