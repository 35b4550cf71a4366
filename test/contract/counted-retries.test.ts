import { describe, expect, it } from 'vitest';
import { guardedClient, testGuard } from '../helpers/guarded.ts';
import { eventsOf } from '../helpers/record-events.ts';
import { type Answer, scriptedServer, sendEvents, sendJson, sendPart } from '../helpers/scripted-server.ts';
import { SDKS } from '../helpers/sdk-matrix.ts';
import { CONFIGURABLE } from '../helpers/ways.ts';
import { eventually } from '../helpers/eventually.ts';

const MAX_ATTEMPTS = 4;
const retry = { maxAttempts: MAX_ATTEMPTS, initialDelayMs: 1, maxDelayMs: 5 };

const failed: Answer = sendJson({ error: { message: 'Down.', type: 'server_error', code: null } }, 500);
const limited: Answer = sendJson({ error: { message: 'Not now.', code: 'rate_limit_exceeded' } }, 429, {
  'retry-after-ms': '5',
});

describe.each(CONFIGURABLE)('$name', ({ sdk, connect }) => {
  const { completion } = sdk;
  const half = JSON.stringify(completion).length / 2;
  const cut = sendPart(completion, half, 'destroy');
  const brokenStream = sendEvents(sdk.chunks.slice(0, 1), 'destroy');

  it.each([
    ['heads', 'ask', [failed]],
    ['bodies', 'ask', [cut]],
    ['bodies and heads in turn', 'ask', [cut, failed, cut, failed, cut, failed, cut]],
    ['streams', 'read', [brokenStream]],
    ['streams and heads in turn', 'read', [brokenStream, failed, brokenStream, failed, brokenStream, failed]],
  ] as const)('sends no more than its attempts where %s fail', async (_name, how, answers) => {
    const server = await scriptedServer(...answers);
    const connection = connect(server.url, { retry, pacing: false, breaker: false });
    await Promise.resolve(connection[how]()).catch(() => undefined);
    await eventually(() => expect(eventsOf(connection.events(), 'call.end')).toHaveLength(1));
    expect(server.requests).toHaveLength(MAX_ATTEMPTS);
  });

  it('does not count waits for a limit, whatever else fails', async () => {
    const server = await scriptedServer(limited, cut, limited, failed, limited, cut, limited, failed, limited);
    const connection = connect(server.url, { retry, pacing: false, breaker: false });
    await connection.ask().catch(() => undefined);
    expect(server.requests).toHaveLength(2 * MAX_ATTEMPTS);
  });
});

describe.each(SDKS)('$name', (sdk) => {
  it('sends no more than its attempts if the SDK repeats a request whose body was replaced', async () => {
    const half = JSON.stringify(sdk.completion).length / 2;
    const server = await scriptedServer(
      sendPart(sdk.completion, half, 'destroy'),
      failed,
      sendPart(sdk.completion, half, 'stall'),
      failed,
    );
    const guard = testGuard({ retry, pacing: false, breaker: false });
    const client = guardedClient(sdk, guard, globalThis.fetch, { baseURL: server.url, timeout: 500 });
    await expect(sdk.create(client)).rejects.toBeInstanceOf(Error);
    expect(server.requests).toHaveLength(MAX_ATTEMPTS);
  });
});
