import { generateKeyPairSync } from 'node:crypto';
import pRetry from 'p-retry';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { FAST, testGuard } from '../helpers/guarded.ts';
import { eventsOf } from '../helpers/record-events.ts';
import { scriptedServer, sendEvents, sendJson, type Answer } from '../helpers/scripted-server.ts';
import { SDKS } from '../helpers/sdk-matrix.ts';
import { CONFIGURABLE } from '../helpers/ways.ts';

const FAILING = { ...FAST, retry: { ...FAST.retry, maxAttempts: 2 } };

const down = (sdk: { errorBody: object }): Answer => sendJson(sdk.errorBody, 500);

/** Warnings of a guard, listened to so that Node prints none. */
function warningsOf(connection: { guard: ReturnType<typeof testGuard> }): string[] {
  return eventsOf(connection.guard.events, 'warning').map(({ message }) => message);
}

describe.each(CONFIGURABLE)('$name', ({ sdk, connect }) => {
  it.each(['ask', 'read'] as const)('notices a request that is repeated after it failed, by %s', async (how) => {
    const answer = how === 'ask' ? sendJson(sdk.completion) : sendEvents(sdk.chunks);
    const server = await scriptedServer(down(sdk), down(sdk), answer, answer);
    const connection = connect(server.url, FAILING);
    const call = async (): Promise<unknown> => connection[how]();
    await call().catch(() => undefined);
    expect(eventsOf(connection.events(), 'repeated')).toEqual([]);
    await call();
    const [found, ...others] = eventsOf(connection.events(), 'repeated');
    expect(others).toEqual([]);
    expect(found).toMatchObject({ call: { lane: expect.stringContaining('/test-model') } });
    expect(found!.sinceMs).toBeLessThan(5_000);
    // It was answered: the same request is now a new one.
    await call();
    expect(eventsOf(connection.events(), 'repeated')).toHaveLength(1);
    // A single repetition may be another caller.
    expect(warningsOf(connection as never)).toEqual([]);
  });
});

describe.each(CONFIGURABLE)('$name', ({ sdk, connect }) => {
  it('ignores a stream that broke off after its first content', async () => {
    const server = await scriptedServer(sendEvents(sdk.chunks.slice(0, 4), 'destroy'));
    const connection = connect(server.url, FAILING);
    for (let call = 0; call < 2; call++) await connection.read();
    await expect.poll(() => eventsOf(connection.events(), 'call.end').length).toBe(2);
    expect(eventsOf(connection.events(), 'call.end')[0]!.outcome).toBe('retries_exhausted');
    expect(eventsOf(connection.events(), 'repeated')).toEqual([]);
  });
});

describe.each(SDKS)('$name', (sdk) => {
  it('ignores other bodies, bad requests, and callers that are the only ones to retry', async () => {
    const server = await scriptedServer(down(sdk), down(sdk), sendJson(sdk.errorBody, 400), down(sdk));
    const guard = testGuard(FAILING);
    const client = guard.wrap(new sdk.Client({ apiKey: 'key-other-bodies', baseURL: server.url }) as object);
    const ask = (more: object, options?: Record<string, unknown>): Promise<unknown> =>
      sdk.create(client, options, more).catch(() => undefined);
    await ask({});
    await ask({ messages: [{ role: 'user', content: 'something else' }] });
    await ask({ messages: [{ role: 'user', content: 'something else' }] });
    await ask({ top_p: 0.3 }, { maxRetries: 0 });
    await ask({ top_p: 0.3 }, { maxRetries: 0 });
    expect(eventsOf(guard, 'repeated')).toEqual([]);
  });
});

describe('the retry layer', () => {
  let server: Awaited<ReturnType<typeof scriptedServer>>;
  beforeEach(async () => {
    server = await scriptedServer(sendJson({ error: { message: 'down' } }, 500));
    vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
  });
  afterEach(() => vi.restoreAllMocks());

  async function layerOf(headers: Record<string, string>): Promise<{ layer: string; warning: string }> {
    const guard = testGuard(FAILING);
    const send = (): Promise<Response> =>
      guard.fetch(`${server.url}/v1/chat/completions`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${headers['user-agent']}`, ...headers },
        body: JSON.stringify({ model: 'm', messages: [] }),
      });
    await send();
    await send();
    const [event] = eventsOf(guard, 'repeated');
    return { layer: event!.layer, warning: eventsOf(guard, 'warning')[0]!.message };
  }

  it.each([
    { agent: 'ai/7.0.173 ai-sdk/openai/4.0.118', more: {}, layer: 'ai_sdk', option: 'generateText' },
    { agent: 'langchainjs-openai/1.0.0 (node/24)', more: {}, layer: 'langchain', option: '`maxRetries: 0`' },
    { agent: 'Agents/JavaScript 0.20.0', more: {}, layer: 'openai_agents', option: 'modelSettings' },
    { agent: 'OpenAI/JS 7.59.0', more: { 'x-stainless-retry-count': '1' }, layer: 'sdk', option: '`maxRetries: 0`' },
  ])('is $layer by $agent', async ({ agent, more, layer, option }) => {
    const found = await layerOf({ 'user-agent': agent, ...more } as Record<string, string>);
    expect(found.layer).toBe(layer);
    expect(found.warning).toContain(option);
    expect(found.warning).toContain('up to 2 requests');
  });

  it.each(SDKS)('is recognized in the stack of $name', async (sdk) => {
    const guard = testGuard(FAILING);
    const client = guard.wrap(new sdk.Client({ apiKey: 'key-of-a-stack', baseURL: server.url }) as object);
    const failing = pRetry(async () => sdk.create(client), { retries: 1, minTimeout: 1, maxTimeout: 1 });
    await expect(failing).rejects.toThrow(/500|down/);
    expect(eventsOf(guard, 'repeated').map(({ layer }) => layer)).toEqual(['p_retry']);
  });

  it('is none if many callers send the same at once and repeatedly', async () => {
    const guard = testGuard({ ...FAILING, breaker: false });
    const openai = SDKS[0]!;
    const client = guard.wrap(new openai.Client({ apiKey: 'key-of-many', baseURL: server.url }) as object);
    const ask = (): Promise<unknown> => openai.create(client).catch(() => undefined);
    // Each begins while others are in flight.
    const asking = async (): Promise<void> => {
      for (let call = 0; call < 5; call++) await ask();
    };
    await Promise.all([asking(), asking(), asking(), asking()]);
    expect(eventsOf(guard, 'call.end').filter(({ outcome }) => outcome === 'retries_exhausted')).toHaveLength(20);
    // The first of them cannot be recognized yet.
    expect(eventsOf(guard, 'repeated').length).toBeLessThan(2);
    expect(eventsOf(guard, 'warning')).toEqual([]);
  });

  it('is reported once, counted every time, and without content of the request', async () => {
    const guard = testGuard({ ...FAILING, breaker: false });
    const openai = SDKS[0]!;
    const secret = generateKeyPairSync('ed25519').publicKey.export({ format: 'jwk' }).x!;
    const client = guard.wrap(new openai.Client({ apiKey: secret, baseURL: server.url }) as object);
    const ask = (content: string): Promise<unknown> =>
      openai.create(client, undefined, { messages: [{ role: 'user', content }] }).catch(() => undefined);
    for (let call = 0; call < 4; call++) await ask(secret);
    expect(eventsOf(guard, 'repeated')).toHaveLength(3);
    // A single body may be polled for its own sake.
    expect(eventsOf(guard, 'warning')).toEqual([]);
    for (let call = 0; call < 3; call++) await ask(`${secret} too`);
    expect(eventsOf(guard, 'repeated')).toHaveLength(5);
    const warnings = eventsOf(guard, 'warning');
    expect(warnings).toHaveLength(1);
    expect(JSON.stringify([warnings, eventsOf(guard, 'repeated')])).not.toContain(secret);
  });
});
