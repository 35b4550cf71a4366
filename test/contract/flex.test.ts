import { describe, expect, it } from 'vitest';
import { FAST, testGuard } from '../helpers/guarded.ts';
import { callsEnded, eventsOf } from '../helpers/record-events.ts';
import { type Answer, scriptedServer, sendJson } from '../helpers/scripted-server.ts';
import { SDKS } from '../helpers/sdk-matrix.ts';
import { socketsQuiet } from '../helpers/socket-clock.ts';
import { VirtualClock } from '../helpers/virtual-clock.ts';

const FULL: Readonly<Record<'openai' | 'groq', Answer>> = {
  openai: sendJson(
    {
      error: {
        message: 'Resource unavailable.',
        type: 'resource_unavailable',
        param: null,
        code: 'resource_unavailable',
      },
    },
    429,
  ),
  groq: sendJson({ error: 'capacity_exceeded' }, 498),
};
const CHATS = SDKS.flatMap((sdk) => (sdk.family === 'anthropic' ? [] : [{ ...sdk, full: FULL[sdk.family] }]));

const tiersOf = (requests: readonly { body: string }[]): unknown[] =>
  requests.map(({ body }) => (JSON.parse(body) as { service_tier?: string }).service_tier);

describe.each(CHATS)('$name', (sdk) => {
  it.each([
    ['retry', ['flex', 'flex', 'flex']],
    ['standard', ['flex', undefined, undefined]],
  ] as const)('without capacity for flex: %s', async (onFlexUnavailable, tiers) => {
    const server = await scriptedServer(sdk.full, sdk.full, sendJson(sdk.completion));
    const guard = testGuard({ ...FAST, onFlexUnavailable });
    const client = guard.wrap(
      new sdk.Client({ apiKey: `${onFlexUnavailable} ${sdk.name}`, baseURL: server.url }) as never,
    );
    const body = { service_tier: 'flex', messages: [{ role: 'user', content: 'ä' }] };
    expect(sdk.text(await sdk.create(client as never, {}, body))).toBe('answer');
    expect(tiersOf(server.requests)).toEqual(tiers);
    expect(body.service_tier).toBe('flex');
    await callsEnded(guard);
    expect(eventsOf(guard.events, 'retry').map(({ reason }) => reason)).toEqual(['no_capacity', 'no_capacity']);
    expect(eventsOf(guard.events, 'rate_limited')).toMatchObject([
      { dimension: 'no_capacity' },
      { dimension: 'no_capacity' },
    ]);
    // Nothing was learned: no pause, no slot fewer, no open circuit.
    expect(eventsOf(guard.events, 'pause')).toEqual([]);
    const quiet = { circuit: 'closed', pausedForMs: 0, dimensions: [], inFlight: 0 };
    const [flex, standard] = guard.snapshot();
    expect(flex).toMatchObject({ ...quiet, group: 'test-model/flex' });
    if (onFlexUnavailable === 'retry') {
      expect(flex).toMatchObject({ counts: { calls: 1, attempts: 3, succeeded: 1, retries: 2 } });
      expect(standard).toBeUndefined();
      return;
    }
    // The call belongs to the lane that has sent it.
    expect(flex).toMatchObject({ counts: { calls: 0, attempts: 1, succeeded: 0, failed: 0, retries: 1 } });
    expect(standard).toMatchObject({
      ...quiet,
      group: 'test-model',
      counts: { calls: 1, attempts: 2, succeeded: 1, retries: 1 },
    });
    const lanes = eventsOf(guard.events, 'attempt.end').map(({ call }) => call.lane);
    expect(lanes).toEqual([flex!.lane, standard!.lane, standard!.lane]);
  });

  it('is charged to the standard tier, and waits there', async () => {
    const spent = {
      'x-ratelimit-limit-tokens': '40000',
      'x-ratelimit-remaining-tokens': '0',
      'x-ratelimit-reset-tokens': '60s',
    };
    const server = await scriptedServer(
      sendJson(sdk.completion, 200, spent),
      sdk.full,
      sdk.full,
      sendJson(sdk.completion, 200, { ...spent, 'x-ratelimit-remaining-tokens': '39000' }),
    );
    const clock = new VirtualClock();
    const guard = testGuard({ ...FAST, onFlexUnavailable: 'standard' }, { clock });
    const client = guard.wrap(new sdk.Client({ apiKey: `charged ${sdk.name}`, baseURL: server.url }) as never);
    await sdk.create(client as never, {}, {});
    await callsEnded(guard);
    const flex = { service_tier: 'flex', max_tokens: 1_000 };
    const moved: Promise<unknown> = sdk.create(client as never, {}, flex);
    await expect.poll(() => eventsOf(guard.events, 'retry').length).toBe(1);
    await socketsQuiet();
    // The tier that it moved to is exhausted: it waits for that one, and flex calls do not wait.
    expect(server.requests).toHaveLength(2);
    await sdk.create(client as never, { maxRetries: 0 }, flex).catch(() => undefined);
    expect(tiersOf(server.requests)).toEqual([undefined, 'flex', 'flex']);
    await clock.advance(61_000);
    expect(sdk.text(await moved)).toBe('answer');
    expect(tiersOf(server.requests)).toEqual([undefined, 'flex', 'flex', undefined]);
    expect(
      eventsOf(guard.events, 'admitted').find(({ call, attempt }) => call.id === 2 && attempt === 2),
    ).toMatchObject({
      cause: 'tokens',
      call: { lane: guard.snapshot().find(({ group }) => group === 'test-model')!.lane },
    });
    expect(guard.snapshot().find(({ group }) => group === 'test-model/flex')!.dimensions).toEqual([]);
  });
});

describe('guarded fetch', () => {
  it.each(['string', 'request', 'bytes'])(
    'falls back from flex without capacity, with a body that is a %s',
    async (kind) => {
      const server = await scriptedServer(FULL.openai, sendJson({ choices: [] }));
      const guard = testGuard({ ...FAST, onFlexUnavailable: 'standard' });
      const body = JSON.stringify({ model: 'm', service_tier: 'flex', messages: [{ role: 'user', content: 'ä' }] });
      const init = {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer flex-${kind}` },
        body: kind === 'bytes' ? new TextEncoder().encode(body) : body,
      };
      const url = `${server.url}/v1/chat/completions`;
      const response = await (kind === 'request' ? guard.fetch(new Request(url, init)) : guard.fetch(url, init));
      expect(response.status).toBe(200);
      expect(tiersOf(server.requests)).toEqual(['flex', undefined]);
    },
  );
});
