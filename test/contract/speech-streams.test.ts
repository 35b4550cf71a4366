import { describe, expect, it } from 'vitest';
import { guardedClient, testGuard } from '../helpers/guarded.ts';
import { eventsOf } from '../helpers/record-events.ts';
import { type Answer, scriptedServer, sendEvents } from '../helpers/scripted-server.ts';
import { SDKS } from '../helpers/sdk-matrix.ts';

const openai = SDKS[0]!;
const delta = 'data: {"type":"speech.audio.delta","audio":"UklG"}\n\n';
const done =
  'data: {"type":"speech.audio.done","usage":{"input_tokens":14,"output_tokens":101,"total_tokens":115}}\n\n';
const busy = 'data: {"error":{"message":"The server had an error","type":"server_error","code":null}}\n\n';
const body = { model: 'gpt-4o-mini-tts', voice: 'alloy', input: 'Hello', stream_format: 'sse' };

describe.each(['wrap', 'fetch'] as const)('speech as events, by %s', (way) => {
  async function speak(...answers: Answer[]) {
    const server = await scriptedServer(...answers);
    const guard = testGuard();
    const response: Response =
      way === 'wrap'
        ? await guardedClient(openai, guard, fetch, { baseURL: server.url }).audio.speech.create(body)
        : await guard.fetch(`${server.url}/audio/speech`, {
            method: 'POST',
            headers: { 'content-type': 'application/json', authorization: 'Bearer speech-streams' },
            body: JSON.stringify(body),
          });
    return { text: await response.text(), requests: server.requests.length, guard };
  }

  it('is a stream with an end and a usage', async () => {
    const { text, guard } = await speak(sendEvents([delta, delta, done]));
    expect(text).toBe(delta + delta + done);
    expect(eventsOf(guard, 'stream.end')).toMatchObject([{ outcome: 'completed' }]);
    expect(eventsOf(guard, 'call.end')).toMatchObject([{ outcome: 'success', usage: { outputTokens: 101 } }]);
  });

  it('is retried if it fails before its first sound', async () => {
    const { text, requests } = await speak(sendEvents([busy]), sendEvents([]), sendEvents([delta, done]));
    expect(text).toBe(delta + done);
    expect(requests).toBe(3);
  });

  it('is no success if it ends in its middle', async () => {
    const { text, guard } = await speak(sendEvents([delta]));
    expect(text).toBe(delta);
    expect(eventsOf(guard, 'stream.end')).toMatchObject([{ outcome: 'interrupted' }]);
  });
});
