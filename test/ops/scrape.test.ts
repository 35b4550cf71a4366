import { afterAll, beforeAll, expect, test } from 'vitest';
import type { FaultKind } from '../../src/testing.ts';
import { type App, startApp } from './live-app.ts';

const MODELS = Array.from({ length: 20 }, (_, index) => `model-${index}`);
const ROOMY = { requestsPerMinute: 3_000, tokensPerMinute: 3_000_000 };

let wide: App;

// 20 models over three providers, all with as many limits as their headers can state.
beforeAll(async () => {
  wide = await startApp(
    MODELS[0]!,
    [
      { provider: 'openai', limits: ROOMY, seed: 7 },
      {
        provider: 'anthropic',
        limits: { ...ROOMY, inputTokensPerMinute: 3_000_000, outputTokensPerMinute: 3_000_000 },
      },
      { provider: 'groq', limits: { ...ROOMY, requestsPerDay: 1_000_000 } },
    ],
    { retry: { initialDelayMs: 1, maxDelayMs: 2 } },
  );
});
afterAll(() => wide.close());

/** One call of every model, once with each fault. */
async function everyModel({ stream = false, fault }: { stream?: boolean; fault?: FaultKind }): Promise<void> {
  await Promise.all(
    wide.simulators.map(async (simulator, index) => {
      for (let i = index; i < MODELS.length; i += wide.simulators.length) {
        simulator.update({ faults: { script: fault === undefined ? [] : [fault] } });
        const call = wide.call(index, MODELS[i], stream);
        // Some faults are final.
        await (fault === undefined ? call : call.catch(() => undefined));
      }
    }),
  );
}

async function scrape(): Promise<string> {
  return (await fetch(`http://${wide.target}/metrics`)).text();
}

function seriesOf(text: string): string[] {
  return text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
}

test('a scrape of 20 models takes less than 50 ms', async () => {
  await everyModel({});
  await everyModel({ stream: true });
  let fastestMs = Infinity;
  for (let i = 0; i < 10; i++) {
    // CPU time of this process, the reader included: a busy machine may be slower by the clock.
    const before = process.cpuUsage();
    await scrape();
    const { user, system } = process.cpuUsage(before);
    fastestMs = Math.min(fastestMs, (user + system) / 1_000);
  }
  expect(fastestMs).toBeLessThan(50);
});

test('20 models that answer and stream have fewer than 1,500 series', async () => {
  await everyModel({});
  await everyModel({ stream: true });
  const series = seriesOf(await scrape());
  expect(series.filter((line) => line.startsWith('tidegate_stream_first_chunk_seconds_count{'))).toHaveLength(20);
  expect(series.length).toBeLessThan(1_500);
});

test('20 models have fewer than 1,750 series when each was answered, streamed, retried, refused and failed', async () => {
  for (const fault of ['server_error', 'unknown_429', 'connection_reset', 'auth'] as const) {
    await everyModel({ fault });
  }
  const series = seriesOf(await scrape());
  const calls = (outcome: string): number =>
    series.filter((line) => line.includes(`tidegate_outcome="${outcome}"`) && !line.endsWith(' 0')).length;
  expect([calls('success'), calls('success_after_retry'), calls('client_error')]).toEqual([20, 20, 20]);
  expect(series.length).toBeLessThan(1_750);
});
