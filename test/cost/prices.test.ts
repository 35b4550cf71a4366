import { calcPrice } from '@pydantic/genai-prices';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { worstCost } from '../../src/batch.ts';
import type { CallInfo } from '../../src/core/events.ts';
import { callCost } from '../../src/cost/call-cost.ts';
import { resolvePrices } from '../../src/cost/prices.ts';
import { createGuard, loadPrices, type Prices, TidegateOptionError, type Usage } from '../../src/index.ts';

const usage = (over: Partial<Usage> = {}): Usage => ({
  inputTokens: 1_000_000,
  outputTokens: 100_000,
  cacheReadTokens: 0,
  cacheWriteTokens: 0,
  reasoningTokens: 0,
  ...over,
});

describe('a service tier', () => {
  const table = { 'gpt-5*': { input: 2, output: 10, tiers: { priority: { input: 4, output: 20 } } } };
  const priceOf = resolvePrices(table, 'prices');

  it.each([
    ['openai', undefined, 3],
    ['openai', 'priority', 6],
    ['openai', 'flex', 1.5],
    ['openai', 'batch', 1.5],
    ['openai', 'ultrafast', undefined],
    ['groq', 'flex', 3],
    ['groq', 'performance', undefined],
    ['anthropic', 'batch', 1.5],
    ['azure.ai.openai', 'flex', undefined],
  ] as const)('of %s has its own price, a known part of the usual one, or none: %s', (provider, serviceTier, usd) => {
    const cost = priceOf({ provider, model: 'gpt-5.1', usage: usage(), serviceTier });
    expect(cost).toEqual(usd === undefined ? undefined : expect.closeTo(usd, 9));
  });

  it('is that of the answer, and in the worst case the most expensive one that may answer', async () => {
    const body = { model: 'gpt-5.1', max_output_tokens: 1_000, input: 'Hi' };
    const worst = (service_tier?: string) =>
      worstCost(
        { provider: 'openai', path: '/v1/responses', body: { ...body, ...(service_tier && { service_tier }) } },
        table,
      );
    expect(worst('priority')! / worst()!).toBeCloseTo(2, 1);
    // Flex falls back to the standard tier when it has no capacity.
    expect(worst('flex')! / worst()!).toBeCloseTo(1, 1);
    expect(worst('ultrafast')).toBeUndefined();
    const costs: unknown[] = [];
    const call = { provider: 'openai', model: 'gpt-5.1', tier: 'priority' } as CallInfo;
    for (const serviceTier of [undefined, 'default', 'priority', 'ultrafast']) {
      costs.push(
        callCost({ call, usage: usage(), response: serviceTier === undefined ? {} : { serviceTier } }, priceOf),
      );
    }
    expect(costs).toEqual([6, 3, 6, null]);
  });

  it.each([[{ tiers: 5 }], [{ tiers: { flex: 1 } }], [{ tiers: { flex: { input: 1 } } }]])(
    'is refused if invalid: %j',
    (wrong) => {
      expect(() => resolvePrices({ m: { input: 1, output: 1, ...wrong } as never }, 'prices')).toThrow(
        TidegateOptionError,
      );
    },
  );
});

describe('a price table', () => {
  const priceOf = resolvePrices(
    {
      'gpt-4o*': { input: 2, output: 10 },
      'gpt-4o-mini*': { input: 1, output: 4, cacheRead: 0.5 },
      'gpt-4o-mini-exact': { input: 7, output: 0 },
      'groq/llama': { input: 3, output: 0 },
    },
    'prices',
  );

  it.each([
    ['gpt-4o-2024-08-06', {}, 3],
    ['gpt-4o-mini-2024-07-18', {}, 1.4],
    ['gpt-4o-mini', { cacheReadTokens: 400_000 }, 1.2],
    ['gpt-4o-mini', { cacheWriteTokens: 400_000 }, 1.4],
    ['gpt-4o-mini-exact', {}, 7],
    ['llama', {}, undefined],
    ['claude-haiku-4-5', {}, undefined],
  ])('matches the name, or the longest prefix: %s %j', (model, over, usd) => {
    expect(priceOf({ provider: 'openai', model, usage: usage(over) })).toEqual(
      usd === undefined ? undefined : expect.closeTo(usd, 9),
    );
  });

  it('may apply to one provider only', () => {
    expect(priceOf({ provider: 'groq', model: 'llama', usage: usage() })).toBe(3);
  });

  it.each([
    [null, '`prices`'],
    [[], '`prices`'],
    [{ a: { input: 1 } }, '`prices["a"].output`'],
    [{ a: { input: -1, output: 1 } }, '`prices["a"].input`'],
    [{ a: { input: 1, output: 1, cached: 1 } }, 'key cached'],
  ])('is validated: %j', (prices, said) => {
    const create = (): unknown => createGuard({ prices: prices as unknown as Prices });
    expect(create).toThrow(TidegateOptionError);
    expect(create).toThrow(said);
  });

  it.each([() => Number.NaN, () => -1, () => '1', () => undefined, () => Promise.resolve(1), thrower])(
    'or a function, of which only an amount is a price: %s',
    (fn) => {
      const priceOf = resolvePrices(fn as unknown as Prices, 'prices');
      expect(priceOf({ provider: 'openai', model: 'm', usage: usage() })).toBeUndefined();
    },
  );
});

function thrower(): never {
  throw new Error('no list');
}

describe('the prices of the package', () => {
  it('count cached tokens once, and are undefined for unknown models', async () => {
    const priceOf = await loadPrices();
    const model = 'claude-haiku-4-5';
    const wanted = calcPrice({ input_tokens: 1_000_000, cache_read_tokens: 400_000, output_tokens: 100_000 }, model, {
      providerId: 'anthropic',
    });
    expect(wanted?.total_price).toBeGreaterThan(0);
    expect(priceOf({ provider: 'anthropic', model, usage: usage({ cacheReadTokens: 400_000 }) })).toBe(
      wanted?.total_price,
    );
    expect(priceOf({ provider: 'openai', model: 'no-such-model', usage: usage() })).toBeUndefined();
  });
});

describe('the worst case of a request', () => {
  const prices = { '*': { input: 1, output: 2, cacheWrite: 1.25 } };
  const chat = (over: object): unknown => ({ model: 'm', messages: [{ role: 'user', content: 'hello' }], ...over });
  const of = (path: string, body: unknown): number | undefined => worstCost({ provider: 'openai', path, body }, prices);

  it('is above what any text costs, at one token a byte at most (property)', () => {
    const text = fc.string({ unit: 'binary', maxLength: 300 });
    fc.assert(
      fc.property(text, fc.nat(5_000), (content, most) => {
        const usd = of('/v1/chat/completions', chat({ messages: [{ role: 'user', content }], max_tokens: most + 1 }))!;
        expect(usd).toBeGreaterThanOrEqual((Buffer.byteLength(content) + 2 * (most + 1)) / 1e6);
      }),
    );
  });

  it.each([
    ['/v1/chat/completions', chat({})],
    ['/v1/responses', { model: 'm', input: 'hi', max_output_tokens: 9, previous_response_id: 'resp_1' }],
    ['/v1/chat/completions', { messages: [], max_tokens: 5 }],
  ])('is unknown if nothing bounds it: %s %j', (path, body) => {
    expect(of(path, body)).toBeUndefined();
  });

  it('is unknown for a model without a price', () => {
    expect(
      worstCost({ provider: 'openai', path: '/v1/chat/completions', body: chat({ max_tokens: 5 }) }, {}),
    ).toBeUndefined();
  });

  it('includes cache writes, and needs no output of embeddings', () => {
    const block = { type: 'text', text: 'x'.repeat(10_000), cache_control: { type: 'ephemeral' } };
    const body = { model: 'm', max_tokens: 1, messages: [{ role: 'user', content: [block] }] };
    const usd = worstCost({ provider: 'anthropic', path: '/v1/messages', body }, prices)!;
    expect(usd).toBeGreaterThan(12_500e-6);
    expect(of('/v1/embeddings', { model: 'm', input: 'text' })).toBeGreaterThan(0);
  });
});
