import { describe, expect, it } from 'vitest';
import { callsEnded, eventsOf } from '../helpers/record-events.ts';
import { scriptedServer, sendEvents, sendJson } from '../helpers/scripted-server.ts';
import type { SdkCase } from '../helpers/sdk-matrix.ts';
import { WAYS_IN } from '../helpers/ways.ts';

// github.com/BerriAI/litellm/issues/8448, 2025-02-11.
const ERROR = {
  message: 'Provider returned error',
  code: 429,
  metadata: { raw: 'error code: 1015', provider_name: 'Kluster' },
};

/** The answer of an SDK's API without its content. */
function emptied(sdk: SdkCase): object {
  const { completion } = sdk as { completion: { choices?: { message: object }[] } };
  if (sdk.family === 'anthropic') return { ...completion, content: [] };
  return { ...completion, choices: [{ ...completion.choices![0], message: { role: 'assistant', content: null } }] };
}

const inside = (sdk: SdkCase): object => ({ ...emptied(sdk), error: ERROR });
const alone = (): object => ({ error: { ...ERROR, code: 502, message: 'This content was flagged.' } });
const typed = (sdk: SdkCase): object => ({
  ...emptied(sdk),
  error: { type: 'overloaded_error', message: 'Overloaded' },
});

describe.each(WAYS_IN)('$name', ({ sdk, connect }) => {
  it.each([
    ['with a status as its code', inside(sdk), 'rate_limit'],
    ['alone', alone(), 'server_error'],
    ['of a known type', typed(sdk), 'overloaded'],
  ])('an error inside a 200, %s, is retried', async (_name, body, reason) => {
    const server = await scriptedServer(sendJson(body), sendJson(sdk.completion));
    const connection = connect(server.url);
    expect(await connection.ask()).toBe('answer');
    expect(server.requests).toHaveLength(2);
    await callsEnded(connection);
    expect(eventsOf(connection.events(), 'retry')).toMatchObject([{ reason }]);
    expect(eventsOf(connection.events(), 'call.end')).toMatchObject([{ outcome: 'success_after_retry', attempts: 2 }]);
  });

  it('the last answer is passed on', async () => {
    const server = await scriptedServer(sendJson(inside(sdk)));
    const connection = connect(server.url);
    // Messages without content have no text.
    const told = await connection.ask().catch((error: unknown) => String(error));
    expect(told).toEqual(sdk.family === 'anthropic' ? expect.stringContaining('text') : null);
    expect(server.requests).toHaveLength(6);
    await callsEnded(connection);
    expect(eventsOf(connection.events(), 'call.end')).toMatchObject([{ outcome: 'retries_exhausted', attempts: 6 }]);
    expect(eventsOf(connection.events(), 'rate_limited')).toHaveLength(6);
  });

  it('an error beside content is passed on and reported', async () => {
    const server = await scriptedServer(sendJson({ ...sdk.completion, error: ERROR }));
    const connection = connect(server.url);
    expect(await connection.ask()).toBe('answer');
    expect(server.requests).toHaveLength(1);
    await callsEnded(connection);
    expect(eventsOf(connection.events(), 'answer.error')).toMatchObject([{ outcome: 'throttled', attempt: 1 }]);
    expect(eventsOf(connection.events(), 'call.end')).toMatchObject([{ outcome: 'success' }]);
  });

  it('an unknown error is an answer', async () => {
    const server = await scriptedServer(sendJson({ ...sdk.completion, error: { mine: true } }));
    const connection = connect(server.url);
    expect(await connection.ask()).toBe('answer');
    await callsEnded(connection);
    expect(eventsOf(connection.events(), 'answer.error')).toEqual([]);
    expect(server.requests).toHaveLength(1);
  });

  it('a stream that begins with one is retried', async () => {
    const first = `data: ${JSON.stringify({ id: 'gen-1', error: ERROR, choices: [] })}\n\n`;
    const event = sdk.family === 'anthropic' ? `event: error\n${first}` : first;
    const server = await scriptedServer(sendEvents([': OPENROUTER PROCESSING\n\n', event]), sendEvents(sdk.chunks));
    const connection = connect(server.url);
    expect(await connection.read()).toEqual({ text: 'answer' });
    expect(server.requests).toHaveLength(2);
    expect(eventsOf(connection.events(), 'retry')).toMatchObject([{ reason: 'rate_limit' }]);
  });
});
