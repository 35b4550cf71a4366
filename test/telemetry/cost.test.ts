import { describe, expect, it } from 'vitest';
import type { GuardEvent } from '../../src/core/events.ts';
import { createInstrumentation } from '../../src/telemetry/instrumentation.ts';
import { createGuard, type GuardOptions } from '../../src/index.ts';
import { startSimulator } from '../../src/testing.ts';
import { callEnd, callInfo, Harness, USAGE } from './harness.ts';

const BASE = { 'gen_ai.provider.name': 'openai', 'gen_ai.request.model': 'gpt-5.1', 'gen_ai.operation.name': 'chat' };

function priced(harness: Harness): (...events: GuardEvent[]) => void {
  const { meterProvider, tracerProvider } = harness;
  const instrumentation = createInstrumentation(
    { meterProvider: meterProvider as never, tracerProvider },
    { lanes: () => [], priced: true },
  );
  return (...events) => {
    for (const event of events) instrumentation.onEvent(event);
  };
}

describe('the cost of calls', () => {
  it('is a counter, split by whether calls were answered, from zero, and an attribute of their spans', async () => {
    const harness = new Harness();
    const play = priced(harness);
    const [good, bad, left, unknown] = Array.from({ length: 4 }, () => callInfo());
    play({ type: 'call.start', call: good! });
    const of = (spentOn: string): Promise<number> =>
      harness.value('tidegate.cost', { ...BASE, 'tidegate.cost.spent_on': spentOn });
    expect([await of('answers'), await of('failures')]).toEqual([0, 0]);
    expect(await harness.value('tidegate.cost.unpriced_calls', BASE)).toBe(0);
    for (const call of [bad, left, unknown]) play({ type: 'call.start', call: call! });
    play(
      callEnd(good!, { usage: USAGE, costUsd: 0.25 }),
      callEnd(bad!, { usage: USAGE, costUsd: 0.5, outcome: 'retries_exhausted', errorType: '500' }),
      callEnd(left!, { usage: USAGE, costUsd: 0.125, outcome: 'cancelled' }),
      callEnd(unknown!, { usage: USAGE, costUsd: null }),
    );
    expect([await of('answers'), await of('failures')]).toEqual([0.25, 0.625]);
    expect(await harness.value('tidegate.cost.unpriced_calls', BASE)).toBe(1);
    expect(harness.spans.map(({ attributes }) => attributes['tidegate.cost'])).toEqual([0.25, 0.5, 0.125, undefined]);
    const text = await harness.scrape();
    expect(text).toMatch(/^tidegate_cost_total\{[^}]*tidegate_cost_spent_on="failures"[^}]*\} 0\.625$/m);
  });

  it('is absent without prices', async () => {
    const harness = new Harness();
    const call = callInfo();
    harness.play({ type: 'call.start', call }, callEnd(call, { usage: USAGE }));
    const metrics = await harness.collect();
    expect([...metrics.keys()].filter((name) => name.includes('cost'))).toEqual([]);
    expect(harness.spans[0]!.attributes).not.toHaveProperty(['tidegate.cost']);
  });

  it.each([
    [{ 'gpt-4o-mini*': { input: 1, output: 2 } }, 'number'],
    [{ 'gpt-9*': { input: 1, output: 2 } }, 'null'],
    [undefined, 'undefined'],
  ])('is reported in the event of a call, streamed or not: prices %j', async (prices, kind) => {
    const simulator = await startSimulator({ provider: 'openai', limits: { requestsPerMinute: 6_000 } });
    const guard = createGuard((prices ? { prices } : {}) satisfies GuardOptions);
    const costs: unknown[] = [];
    guard.on('call.end', ({ costUsd, usage }) => {
      costs.push(costUsd === null ? 'null' : typeof costUsd);
      if (typeof costUsd === 'number') {
        expect(costUsd).toBeCloseTo((usage!.inputTokens + 2 * usage!.outputTokens) / 1e6, 12);
      }
    });
    for (const stream of [false, true]) {
      const body = { model: 'gpt-4o-mini', messages: [{ role: 'user', content: 'Hi' }], max_tokens: 20, stream };
      const more = stream ? { stream_options: { include_usage: true } } : {};
      const response = await guard.fetch(`${simulator.url}/chat/completions`, {
        method: 'POST',
        headers: { authorization: 'Bearer sk', 'content-type': 'application/json' },
        body: JSON.stringify({ ...body, ...more }),
      });
      await response.text();
    }
    expect(costs).toEqual([kind, kind]);
    await guard.close();
    await simulator.close();
  });
});
