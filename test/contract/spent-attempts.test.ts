import { describe, expect, it } from 'vitest';
import { createInstrumentation } from '../../src/telemetry/instrumentation.ts';
import { callsEnded, eventsOf } from '../helpers/record-events.ts';
import { scriptedServer, sendEvents, sendJson } from '../helpers/scripted-server.ts';
import type { SdkCase } from '../helpers/sdk-matrix.ts';
import { WAYS_IN } from '../helpers/ways.ts';
import { callEnd, callInfo, Harness, USAGE } from '../telemetry/harness.ts';

const ERROR = { type: 'overloaded_error', message: 'Overloaded' };

/** An answer with usage and an error, but without content. */
function spoiled({ completion, family }: SdkCase): object {
  if (family === 'anthropic') {
    return { ...completion, content: [], usage: { input_tokens: 70, output_tokens: 3 }, error: ERROR };
  }
  const { choices } = completion as { choices: { message: object }[] };
  return {
    ...completion,
    choices: [{ ...choices[0], message: { role: 'assistant', content: null } }],
    usage: { prompt_tokens: 70, completion_tokens: 3, total_tokens: 73 },
    error: ERROR,
  };
}

describe.each(WAYS_IN)('$name', ({ sdk, connect }) => {
  it('reports the usage of an answer that was replaced by another attempt', async () => {
    const server = await scriptedServer(sendJson(spoiled(sdk)), sendJson(sdk.completion));
    const connection = connect(server.url);
    expect(await connection.ask()).toBe('answer');
    await callsEnded(connection);
    expect(eventsOf(connection.events(), 'attempt.spent')).toMatchObject([
      { attempt: 1, usage: { inputTokens: 70, outputTokens: 3 }, response: { model: 'test-model' } },
    ]);
    const [end] = eventsOf(connection.events(), 'call.end');
    expect(end).toMatchObject({ outcome: 'success_after_retry', attempts: 2 });
    expect(end!.usage?.inputTokens).not.toBe(70);
  });

  it.runIf(sdk.family === 'anthropic')('reports the usage of a stream that failed before its content', async () => {
    const message = { ...sdk.completion, content: [], usage: { input_tokens: 70, output_tokens: 1 } };
    const first = `event: message_start\ndata: ${JSON.stringify({ type: 'message_start', message })}\n\n`;
    const broken = `event: error\ndata: ${JSON.stringify({ type: 'error', error: ERROR })}\n\n`;
    const server = await scriptedServer(sendEvents([first, broken]), sendEvents(sdk.chunks));
    const connection = connect(server.url);
    expect(await connection.read()).toEqual({ text: 'answer' });
    await callsEnded(connection);
    expect(eventsOf(connection.events(), 'attempt.spent')).toMatchObject([{ attempt: 1, usage: { inputTokens: 70 } }]);
  });

  it('reports none of a refusal', async () => {
    const server = await scriptedServer(sendJson({ error: ERROR }, 529), sendJson(sdk.completion));
    const connection = connect(server.url);
    expect(await connection.ask()).toBe('answer');
    expect(eventsOf(connection.events(), 'attempt.spent')).toEqual([]);
  });
});

it("is money spent on failures, and part of the span's cost", async () => {
  const harness = new Harness();
  const { meterProvider, tracerProvider } = harness;
  const instrumentation = createInstrumentation(
    { meterProvider: meterProvider as never, tracerProvider },
    { lanes: () => [], priced: true },
  );
  const call = callInfo();
  instrumentation.onEvent({ type: 'call.start', call });
  instrumentation.onEvent({ type: 'attempt.spent', call, attempt: 1, usage: USAGE, response: {}, costUsd: 0.25 });
  instrumentation.onEvent(callEnd(call, { usage: USAGE, costUsd: 0.5, outcome: 'success_after_retry', attempts: 2 }));
  const text = await harness.scrape();
  expect(text).toMatch(/^tidegate_cost_total\{[^}]*tidegate_cost_spent_on="failures"[^}]*\} 0\.25$/m);
  expect(text).toMatch(/^tidegate_cost_total\{[^}]*tidegate_cost_spent_on="answers"[^}]*\} 0\.5$/m);
  expect(harness.spans[0]!.attributes['tidegate.cost']).toBe(0.75);
});
