import { describe, expect, it } from 'vitest';
import { ENTERED, enter, type Entered } from '../helpers/entrances.ts';
import { json, type Reply } from '../helpers/fake-fetch.ts';
import { eventsOf } from '../helpers/record-events.ts';
import type { SdkCase } from '../helpers/sdk-matrix.ts';

const of = (family: string) => ENTERED.filter((each) => each.family === family);

const groups = ({ guard }: Entered): string[] => guard.snapshot().map(({ group }) => group);

async function ask({ client, clock }: Entered, sdk: SdkCase, body: object, ms = 10): Promise<unknown> {
  const [answer] = await Promise.all([
    sdk.create(client, undefined, body).catch((error: unknown) => error),
    clock.advance(ms),
  ]);
  return answer;
}

const refuse = (message: string): Reply =>
  json({ type: 'error', error: { type: 'rate_limit_error', message } }, 429, { 'retry-after': '1' });

const TIERS = {
  openai: [{}, { service_tier: 'flex' }, { service_tier: 'priority' }],
  anthropic: [{}, { speed: 'fast' }, { service_tier: 'auto' }],
  groq: [{}, { service_tier: 'flex' }, { service_tier: 'on_demand' }],
};
const OWN = { openai: 'test-model/flex', anthropic: 'test-model/fast', groq: 'test-model/flex' };

describe.each(ENTERED)('$sdk.name, $entrance', ({ sdk, entrance }) => {
  it('gives a tier with limits of its own a separate lane', async () => {
    const entered = enter(entrance, sdk, {}, json(sdk.completion));
    for (const body of TIERS[sdk.family]) await ask(entered, sdk, body, 5_000);
    expect(groups(entered)).toEqual(['test-model', OWN[sdk.family]]);
    expect(entered.guard.snapshot().map(({ counts }) => counts.calls)).toEqual([2, 1]);
  });

  it('does not delay standard calls by a refusal of another tier', async () => {
    const message = 'Rate limit reached. Please try again in 60s.';
    const other = String(Object.values(TIERS[sdk.family][1]!)[0]);
    const entered = enter(entrance, sdk, {}, (request) =>
      (String(request.init.body).includes(other) ? refuse(message) : json(sdk.completion))(request),
    );
    void sdk.create(entered.client, undefined, TIERS[sdk.family][1]).catch(() => undefined);
    await entered.clock.advance(100);
    const startedAt = entered.clock.now();
    await ask(entered, sdk, {});
    expect(entered.clock.now() - startedAt).toBeLessThan(50);
    expect(entered.guard.snapshot().map(({ counts }) => counts.succeeded)).toEqual([0, 1]);
  });

  it('leaves the choice to limitGroup if there is one', async () => {
    const entered = enter(entrance, sdk, { limitGroup: (model) => `mine-${model}` }, json(sdk.completion));
    await ask(entered, sdk, { ...TIERS[sdk.family][1], model: 'claude-opus-4-6' });
    expect(groups(entered)).toEqual(['mine-claude-opus-4-6']);
  });
});

describe.each(of('anthropic'))('$sdk.name, $entrance', ({ sdk, entrance }) => {
  it('groups models of a family', async () => {
    const entered = enter(entrance, sdk, {}, json(sdk.completion));
    for (const model of ['claude-opus-4-6', 'claude-opus-4-5-20251101', 'claude-opus-5', 'claude-opus-5-20260301']) {
      await ask(entered, sdk, { model }, 5_000);
    }
    expect(groups(entered)).toEqual(['claude-opus-4', 'claude-opus-5']);
  });

  it('splits a family whose models state different limits, with a warning', async () => {
    const limits: Readonly<Record<string, string>> = { 'claude-opus-4-6': '30,000', 'claude-opus-4-8': '20,000' };
    let refusals = 0;
    const entered = enter(entrance, sdk, { retry: { maxAttempts: 1 }, pacing: false }, (request) => {
      const model = /claude-opus-4-\d/.exec(String(request.init.body))![0];
      if (++refusals > 3) return json(sdk.completion)(request);
      return refuse(
        `This request would exceed your organization's rate limit of ${limits[model]} input tokens per minute (org: 1, model: ${model}).`,
      )(request);
    });
    for (const model of ['claude-opus-4-6', 'claude-opus-4-8', 'claude-opus-4-6']) {
      await ask(entered, sdk, { model }, 5_000);
    }
    expect(eventsOf(entered.guard, 'warning')).toHaveLength(1);
    expect(eventsOf(entered.guard, 'warning')[0]!.message).toContain('claude-opus-4');
    for (const model of ['claude-opus-4-6', 'claude-opus-4-8']) await ask(entered, sdk, { model }, 5_000);
    expect(groups(entered)).toEqual(['claude-opus-4', 'claude-opus-4-6', 'claude-opus-4-8']);
  });

  it('reads the limits of fast mode for fast mode', async () => {
    const headers = {
      'anthropic-ratelimit-input-tokens-limit': '30000',
      'anthropic-ratelimit-input-tokens-remaining': '30000',
    };
    const fast = { 'anthropic-fast-input-tokens-limit': '5000', 'anthropic-fast-input-tokens-remaining': '5000' };
    const entered = enter(entrance, sdk, {}, (request) =>
      json(
        sdk.completion,
        200,
        String(request.init.body).includes('speed') ? { ...headers, ...fast } : headers,
      )(request),
    );
    await ask(entered, sdk, {}, 5_000);
    await ask(entered, sdk, { speed: 'fast' }, 5_000);
    const rows = entered.guard.snapshot().map(({ group, dimensions }) => [group, dimensions[0]!.limit]);
    expect(rows).toEqual([
      ['test-model', 30_000],
      ['test-model/fast', 5_000],
    ]);
  });
});

describe.each(of('openai'))('$sdk.name, $entrance', ({ sdk, entrance }) => {
  it('groups snapshots and fine-tuned models with their model', async () => {
    const entered = enter(entrance, sdk, {}, json(sdk.completion));
    for (const model of ['gpt-4o', 'gpt-4o-2024-08-06', 'ft:gpt-4o-2024-08-06:acme::1', 'gpt-4o-mini']) {
      await ask(entered, sdk, { model }, 5_000);
    }
    expect(groups(entered)).toEqual(['gpt-4o', 'gpt-4o-mini']);
  });

  it('joins lanes that the provider counts together, with a warning', async () => {
    let refused = false;
    const entered = enter(entrance, sdk, {}, (request) => {
      if (refused || !String(request.init.body).includes('gpt-y')) return json(sdk.completion)(request);
      refused = true;
      return refuse(
        'Rate limit reached for gpt-x in organization org-1 on requests per min (RPM): Limit 3, Used 3, Requested 1. Please try again in 1s.',
      )(request);
    });
    await ask(entered, sdk, { model: 'gpt-x' }, 5_000);
    await ask(entered, sdk, { model: 'gpt-y' }, 60_000);
    expect(eventsOf(entered.guard, 'warning')).toHaveLength(1);
    await ask(entered, sdk, { model: 'gpt-y' }, 60_000);
    const calls = entered.guard.snapshot().map(({ group, counts }) => [group, counts.calls]);
    expect(calls).toEqual([
      ['gpt-x', 2],
      ['gpt-y', 1],
    ]);
  });

  it('joins nothing for a limit on some content only', async () => {
    let refused = false;
    const entered = enter(entrance, sdk, {}, (request) => {
      if (refused || !String(request.init.body).includes('gpt-4o')) return json(sdk.completion)(request);
      refused = true;
      return refuse(
        'Rate limit reached for gpt-4o (for limit gpt-image) in organization org-1 on input-images per min: Limit 5, Used 5, Requested 1. Please try again in 1s.',
      )(request);
    });
    for (const model of ['gpt-image', 'gpt-4o', 'gpt-4o', 'gpt-image']) await ask(entered, sdk, { model }, 60_000);
    expect(eventsOf(entered.guard, 'warning')).toEqual([]);
    expect(entered.guard.snapshot().map(({ group, counts }) => [group, counts.calls])).toEqual([
      ['gpt-image', 2],
      ['gpt-4o', 2],
    ]);
  });

  it('admits by the limits of both the project and the organization', async () => {
    const headers = {
      'x-ratelimit-limit-tokens': '10000000',
      'x-ratelimit-remaining-tokens': '10',
      'x-ratelimit-limit-project-tokens': '5000000',
      'x-ratelimit-remaining-project-tokens': '4900000',
    };
    const entered = enter(entrance, sdk, {}, json(sdk.completion, 200, headers));
    await ask(entered, sdk, {});
    const rows = entered.guard.snapshot()[0]!.dimensions.map(({ dimension, limit }) => [dimension, limit]);
    expect(rows).toEqual([
      ['tokens', 10_000_000],
      ['project_tokens', 5_000_000],
    ]);
    const startedAt = entered.clock.now();
    const done = sdk.create(entered.client, undefined, { max_tokens: 1_000_000 });
    await entered.clock.advance(4_000);
    expect(entered.requests).toHaveLength(1);
    await Promise.all([done, entered.clock.advance(60_000)]);
    expect(entered.clock.now() - startedAt).toBeGreaterThan(4_000);
  });
});
