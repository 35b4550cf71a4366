import { describe, expect, it } from 'vitest';
import { fakeFetch, json } from '../helpers/fake-fetch.ts';
import { FAST, guardedClient, testGuard } from '../helpers/guarded.ts';
import { eventsOf } from '../helpers/record-events.ts';
import { SDKS } from '../helpers/sdk-matrix.ts';

const openai = SDKS[0]!;
const SECRET = 'sk-live-0123456789abcdef';

describe('what a lane shows', () => {
  it('has no user, password, path or query of its base URL', async () => {
    const guard = testGuard();
    const baseURL = `https://user:${SECRET}@proxy.example:8443/${SECRET}/v1?token=${SECRET}`;
    const client = guardedClient(openai, guard, fakeFetch(json(openai.completion)).fetch, { baseURL });
    await openai.create(client);
    expect(guard.snapshot()).toMatchObject([{ baseURL: 'https://proxy.example:8443' }]);
    expect(JSON.stringify([guard.snapshot(), guard.events])).not.toContain(SECRET);
  });
});

describe("a server's text", () => {
  it.each([
    ['a text', () => new Response(SECRET, { status: 500, headers: { 'content-type': 'text/plain' } })],
    ['a JSON text', () => Response.json(SECRET, { status: 500 })],
    ['an error that is a text', () => Response.json({ error: SECRET }, { status: 500 })],
    ['a code', () => Response.json({ error: { code: SECRET, type: SECRET, message: 'no' } }, { status: 500 })],
  ])('becomes no code if it is %s with a key in it', async (_name, answer) => {
    const guard = testGuard(FAST);
    const client = guardedClient(openai, guard, fakeFetch(answer).fetch, { maxRetries: 0 });
    await expect(openai.create(client)).rejects.toMatchObject({ status: 500 });
    expect(eventsOf(guard, 'attempt.end')).toMatchObject([{ outcome: 'server_error', code: undefined }]);
    expect(JSON.stringify(guard.events)).not.toContain(SECRET);
  });

  it('is truncated if it names something', async () => {
    const guard = testGuard(FAST);
    const long = `a\n${'x'.repeat(2_000)}`;
    const { choices, ...rest } = openai.completion as { choices: object[] };
    const body = { ...rest, id: long, model: long, choices: choices.map((each) => ({ ...each, finish_reason: long })) };
    const client = guardedClient(
      openai,
      guard,
      fakeFetch(json(body, 200, { 'x-request-id': 'r'.repeat(9_000) })).fetch,
    );
    await openai.create(client);
    const [end] = eventsOf(guard, 'call.end');
    expect(end!.response).toEqual({
      id: `a_${'x'.repeat(126)}`,
      model: `a_${'x'.repeat(126)}`,
      finishReasons: [`a_${'x'.repeat(62)}`],
    });
    expect(eventsOf(guard, 'attempt.end')[0]!.requestId).toHaveLength(128);
  });
});
