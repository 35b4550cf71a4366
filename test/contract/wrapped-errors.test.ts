import { describe, expect, it } from 'vitest';
import { FAST, guardedClient, testGuard } from '../helpers/guarded.ts';
import { scriptedServer, sendEvents } from '../helpers/scripted-server.ts';
import { SDKS } from '../helpers/sdk-matrix.ts';

describe.each(SDKS.filter(({ family }) => family !== 'groq'))('$name', (sdk) => {
  it('an error that a helper of the SDK wraps carries the details of what it wraps', async () => {
    const server = await scriptedServer(sendEvents(sdk.chunks.slice(0, 3), 'destroy'));
    const client = guardedClient(sdk, testGuard(FAST), fetch, { baseURL: server.url });
    const body = { model: 'test-model', max_tokens: 9, messages: [{ role: 'user', content: 'hello' }] };
    const stream = sdk.family === 'openai' ? client.chat.completions.stream(body) : client.messages.stream(body);
    await expect(stream.done()).rejects.toMatchObject({
      message: 'terminated',
      tidegate: { outcome: 'connection', attempts: 1 },
    });
  });

  it('other errors of the SDK carry none', () => {
    guardedClient(sdk, testGuard(FAST), fetch);
    const { APIError } = sdk.Client as unknown as { APIError: { prototype: object } };
    const Base = (Object.getPrototypeOf(APIError.prototype) as { constructor: new (message: string) => Error })
      .constructor;
    const error = new Base('Nothing to do with a call') as Error & { tidegate?: unknown };
    expect(error.tidegate).toBeUndefined();
    error.tidegate = 'set';
    expect(error.tidegate).toBe('set');
  });
});
