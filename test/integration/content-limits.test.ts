import { describe, expect, it } from 'vitest';
import { eventsOf } from '../helpers/record-events.ts';
import { FAST, testGuard } from '../helpers/guarded.ts';
import { type Answer, scriptedServer, sendJson } from '../helpers/scripted-server.ts';
import { socketClock } from '../helpers/socket-clock.ts';
import { SDKS } from '../helpers/sdk-matrix.ts';

const refused = (message: string): Answer =>
  sendJson({ error: { message, type: 'requests', param: null, code: 'rate_limit_exceeded' } }, 429);

const IMAGES = refused(
  'Rate limit reached for gpt-4o (for limit gpt-image) in organization org-x on input-images per min: Limit 5, Used 5, Requested 1. Please try again in 800ms.',
);
const NONE = refused(
  'Rate limit exceeded for images per minute in organization org-x. Limit: 0/1min. Current: 1/1min.',
);

const picture = {
  messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url: 'https://example.com/a.png' } }] }],
};

const CHATS = SDKS.filter(({ family }) => family !== 'anthropic');

describe.each(CHATS)('$name', (sdk) => {
  it('does not delay a text call by a limit that an image has hit', async () => {
    let pictures = 0;
    const server = await scriptedServer(async (response, request) => {
      const isPicture = request.body.includes('image_url');
      await (isPicture && pictures++ === 0 ? IMAGES : sendJson(sdk.completion))(response, request);
    });
    const guard = testGuard(FAST, { clock: socketClock });
    const client = guard.wrap(new sdk.Client({ apiKey: `content-${sdk.name}`, baseURL: server.url }) as never) as never;
    const startedAt = socketClock.now();
    const tookMs = { picture: 0, text: 0 };
    const first = Promise.resolve(sdk.create(client, {}, picture)).then(() => {
      tookMs.picture = socketClock.now() - startedAt;
    });
    await new Promise((resolve) => guard.on('retry', resolve));
    await sdk.create(client);
    tookMs.text = socketClock.now() - startedAt;
    await first;
    expect(tookMs.text).toBeLessThan(800);
    expect(tookMs.picture).toBeGreaterThanOrEqual(800);
    expect(server.requests).toHaveLength(3);
    expect(eventsOf(guard.events, 'rate_limited')).toMatchObject([{ dimension: 'input_images', limit: 5 }]);
    expect(eventsOf(guard.events, 'pause')).toEqual([]);
    const shown = guard.snapshot().flatMap(({ dimensions }) => dimensions.map(({ dimension }) => dimension));
    expect(shown).toContain('input_images');
  });

  it('reports an account without images after one attempt', async () => {
    const server = await scriptedServer(NONE);
    const guard = testGuard();
    const client = guard.wrap(new sdk.Client({ apiKey: `none-${sdk.name}`, baseURL: server.url }) as never) as never;
    const error: unknown = await Promise.resolve(sdk.create(client, {}, picture)).catch((thrown: unknown) => thrown);
    expect(server.requests).toHaveLength(1);
    expect((error as { tidegate: unknown }).tidegate).toMatchObject({
      outcome: 'too_large',
      dimension: 'images',
      limit: 0,
      advice: expect.stringContaining('this account has no images per minute here'),
    });
  });
});
