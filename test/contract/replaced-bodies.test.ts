import { describe, expect, it } from 'vitest';
import { FAST, guardedClient, testGuard } from '../helpers/guarded.ts';
import { type Answer, destroyLater, scriptedServer, sendJson } from '../helpers/scripted-server.ts';
import { SDKS } from '../helpers/sdk-matrix.ts';

const overloaded = sendJson({ error: { type: 'overloaded_error', message: 'Overloaded' } }, 529);

describe.each(SDKS)('$name', (sdk) => {
  /** A whole head, and half of the announced body. */
  const cut: Answer = (response) => {
    const body = JSON.stringify(sdk.completion);
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': body.length });
    response.write(body.slice(0, 20));
    void destroyLater(response);
  };

  it('ends a call whose body was cut between errors', async () => {
    const server = await scriptedServer(overloaded, cut, overloaded);
    const guard = testGuard(FAST);
    const client = guardedClient(sdk, guard, fetch, { baseURL: server.url });
    await expect(sdk.create(client)).rejects.toMatchObject({ status: 529 });
    expect(guard.snapshot()).toMatchObject([{ inFlight: 0, queued: 0 }]);
  });

  it('answers a call whose body was cut between errors, once an answer comes', async () => {
    const server = await scriptedServer(overloaded, cut, overloaded, sendJson(sdk.completion));
    const client = guardedClient(sdk, testGuard(FAST), fetch, { baseURL: server.url });
    expect(sdk.text(await sdk.create(client))).toBe('answer');
    expect(server.requests).toHaveLength(4);
  });
});
