import { describe, expect, it } from 'vitest';
import type { GuardCore } from '../../src/guard.ts';
import { ENTERED, enter, type Entered } from '../helpers/entrances.ts';
import { hang, json } from '../helpers/fake-fetch.ts';
import type { SdkCase } from '../helpers/sdk-matrix.ts';

const HOUR = 3_600_000;
const LIMITS = {
  openai: { 'x-ratelimit-limit-tokens': '50000', 'x-ratelimit-remaining-tokens': '50000' },
  anthropic: {
    'anthropic-ratelimit-input-tokens-limit': '50000',
    'anthropic-ratelimit-input-tokens-remaining': '50000',
  },
  groq: { 'x-ratelimit-limit-tokens': '50000', 'x-ratelimit-remaining-tokens': '50000' },
};

const ask = ({ client, clock }: Entered, sdk: SdkCase, model: string): Promise<unknown> =>
  Promise.all([sdk.create(client, undefined, { model }), clock.advance(1_000)]);

const groups = (guard: GuardCore): string[] => guard.snapshot().map(({ group }) => group);

describe.each(ENTERED)('$sdk.name, $entrance', ({ sdk, entrance }) => {
  it('drops a lane that was unused for an hour, and keeps what it learned', async () => {
    const entered = enter(entrance, sdk, {}, json(sdk.completion, 200, LIMITS[sdk.family]), json(sdk.completion));
    const { clock, guard } = entered;
    await ask(entered, sdk, 'a');
    await clock.advance(HOUR / 2);
    await ask(entered, sdk, 'b');
    expect(groups(guard)).toEqual(['a', 'b']);
    await clock.advance(HOUR / 2);
    expect(groups(guard)).toEqual(['b']);
    await ask(entered, sdk, 'a');
    const back = guard.snapshot().find(({ group }) => group === 'a')!;
    expect(back.counts.calls).toBe(1);
    expect(back.dimensions[0]).toMatchObject({ limit: 50_000, source: 'learned' });
    await clock.advance(2 * HOUR);
    expect(groups(guard)).toEqual([]);
    expect(clock.pending()).toBe(0);
  });

  it('keeps a lane whose call is still running', async () => {
    const entered = enter(entrance, sdk, { body: { idleTimeoutMs: 10 * HOUR } }, hang);
    const controller = new AbortController();
    const call = sdk
      .create(entered.client, { signal: controller.signal, timeout: 2_000_000_000 })
      .catch((error: unknown) => error);
    await entered.clock.advance(3 * HOUR);
    expect(groups(entered.guard)).toHaveLength(1);
    controller.abort();
    expect(await call).toBeInstanceOf(Error);
    await entered.clock.advance(HOUR);
    expect(groups(entered.guard)).toEqual([]);
  });

  it('keeps only the lanes in use of thousands of models', async () => {
    const entered = enter(entrance, sdk, {}, json(sdk.completion));
    for (let model = 0; model < 300; model++) {
      const done = sdk.create(entered.client, undefined, { model: `model-${model}` });
      await entered.clock.advance(60_000);
      await done;
    }
    expect(groups(entered.guard).length).toBeLessThanOrEqual(62);
    expect(groups(entered.guard)).toContain('model-299');
  });
});
