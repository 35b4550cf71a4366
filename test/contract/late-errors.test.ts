import { describe, expect, it } from 'vitest';
import { callsEnded, eventsOf } from '../helpers/record-events.ts';
import { type Answer, scriptedServer, sendJson } from '../helpers/scripted-server.ts';
import { WAYS_IN } from '../helpers/ways.ts';
import { pause, socketClock } from '../helpers/socket-clock.ts';

const SLOW_DOWN = JSON.stringify({
  error: { message: 'Slow down.', type: 'service_unavailable_error', param: null, code: 'slow_down' },
});
const QUOTA = JSON.stringify({ error: { message: 'x', type: 'insufficient_quota', code: 'insufficient_quota' } });

/** An error whose text arrives in parts, each some time after the previous one; `end`: whether it ends. */
const late =
  (status: number, parts: readonly (readonly [afterMs: number, text: string])[], end = true): Answer =>
  async (response) => {
    response.writeHead(status, { 'content-type': 'application/json' });
    response.flushHeaders();
    for (const [afterMs, text] of parts) {
      await pause(afterMs);
      response.write(text);
    }
    if (end) response.end();
  };

const LATE: readonly [string, Answer, string, string][] = [
  ['a 503 to slow down', late(503, [[120, SLOW_DOWN]]), 'overloaded', 'no_capacity'],
  [
    'a 503 in parts',
    late(503, [
      [40, SLOW_DOWN.slice(0, 20)],
      [80, SLOW_DOWN.slice(20)],
    ]),
    'overloaded',
    'no_capacity',
  ],
  ['a 500 of money', late(500, [[120, QUOTA]]), 'quota_exhausted', 'quota'],
  ['a 429 of money', late(429, [[400, QUOTA]]), 'quota_exhausted', 'quota'],
  ['a 503 whose connection stays open', late(503, [[0, SLOW_DOWN]], false), 'overloaded', 'no_capacity'],
];

describe.each(WAYS_IN)('$name', ({ way, sdk, connect }) => {
  it.each(LATE)('reads %s that arrives after its head', async (_name, answer, outcome, dimension) => {
    const server = await scriptedServer(answer, sendJson(sdk.completion));
    const connection = connect(server.url);
    const startedAt = socketClock.now();
    const asked = await connection.ask().catch(() => 'refused');
    expect(asked).toBe(outcome === 'overloaded' ? 'answer' : 'refused');
    // No one waits for a connection to end after complete text.
    expect(socketClock.now() - startedAt).toBeLessThan(1_500);
    await callsEnded(connection);
    expect(eventsOf(connection.events(), 'attempt.end')[0]).toMatchObject({ outcome });
    expect(eventsOf(connection.events(), 'rate_limited')[0]).toMatchObject({ dimension });
    if (way === 'register' || outcome !== 'overloaded') return;
    expect(connection.guard.snapshot()).toMatchObject([{ inFlight: 0, circuit: 'closed' }]);
  });

  it('falls back to the status if no text comes', async () => {
    const server = await scriptedServer(late(503, [], false), sendJson(sdk.completion));
    const connection = connect(server.url);
    const startedAt = socketClock.now();
    expect(await connection.ask()).toBe('answer');
    expect(socketClock.now() - startedAt).toBeLessThan(4_000);
    await callsEnded(connection);
    expect(eventsOf(connection.events(), 'attempt.end')[0]).toMatchObject({ outcome: 'overloaded', status: 503 });
  });
});
