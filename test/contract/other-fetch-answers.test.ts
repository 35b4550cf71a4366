import nodeFetch3 from 'node-fetch';
// @ts-expect-error: it has no declarations.
import nodeFetch2 from 'node-fetch-2';
import { describe, expect, it } from 'vitest';
import { FAST, guardedClient, testGuard } from '../helpers/guarded.ts';
import { callsEnded, eventsOf } from '../helpers/record-events.ts';
import { type Answer, scriptedServer, sendEvents, sendJson } from '../helpers/scripted-server.ts';
import { type AnyClient, SDKS } from '../helpers/sdk-matrix.ts';
import { pause, socketClock } from '../helpers/socket-clock.ts';

// github.com/BerriAI/litellm/issues/8448, 2025-02-11.
const ERROR = { error: { message: 'Provider returned error', code: 429, metadata: { raw: 'error code: 1015' } } };
const SLOW_DOWN = '{"error":{"message":"Slow down.","code":"slow_down"}}';

/** A 503 whose text comes in parts, after its head. */
const late =
  (...parts: readonly string[]): Answer =>
  async (response) => {
    response.writeHead(503, { 'content-type': 'application/json' });
    response.flushHeaders();
    for (const part of parts) {
      await pause(60);
      response.write(part);
    }
    response.end();
  };

/** Their bodies are Node streams. */
const FETCHES = [
  ['node-fetch 2', nodeFetch2],
  ['node-fetch 3', nodeFetch3],
] as const;

describe.each(FETCHES)('%s', (_name, fetch) => {
  describe.each(SDKS)('$name', (sdk) => {
    async function connect(...answers: Answer[]) {
      const server = await scriptedServer(...answers);
      const guard = testGuard(FAST, { clock: socketClock });
      const client: AnyClient = guardedClient(sdk, guard, fetch as never, { baseURL: server.url });
      const read = async (): Promise<string> => {
        let text = '';
        for await (const chunk of await sdk.stream(client)) text += sdk.chunkText(chunk);
        return text;
      };
      return { server, guard, client, read };
    }

    it('retries an error inside a 200, in a whole answer and in place of a stream', async () => {
      const whole = await connect(sendJson(ERROR), sendJson(sdk.completion));
      expect(sdk.text(await sdk.create(whole.client))).toBe('answer');
      const streamed = await connect(sendJson(ERROR), sendEvents(sdk.chunks));
      expect(await streamed.read()).toBe('answer');
      for (const { server, guard } of [whole, streamed]) {
        await callsEnded(guard);
        expect(server.requests).toHaveLength(2);
        expect(eventsOf(guard, 'retry')).toMatchObject([{ reason: 'rate_limit' }]);
      }
    });

    it('never takes an error for an empty stream', async () => {
      const { server, guard, read } = await connect(sendJson(ERROR));
      await expect(read()).rejects.toMatchObject({ tidegate: { outcome: 'throttled', attempts: 6 } });
      expect(server.requests).toHaveLength(6);
      await callsEnded(guard);
      expect(eventsOf(guard, 'call.end')).toMatchObject([{ outcome: 'retries_exhausted' }]);
    });

    it('reads the text of an error that arrives after its head', async () => {
      const { guard, client } = await connect(
        late(SLOW_DOWN),
        late(SLOW_DOWN.slice(0, 20), SLOW_DOWN.slice(20)),
        sendJson(sdk.completion),
      );
      expect(sdk.text(await sdk.create(client))).toBe('answer');
      const refusals = eventsOf(guard, 'rate_limited').map(({ dimension }) => dimension);
      expect(refusals).toEqual(['no_capacity', 'no_capacity']);
    });
  });
});
