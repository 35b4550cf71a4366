import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Usage } from '../../src/core/outcome.ts';
import { HIDDEN_INPUTS, type RequestInfo } from '../../src/core/provider.ts';
import { Estimator } from '../../src/pacing/usage/token-estimator.ts';
import { flush } from '../helpers/virtual-clock.ts';
import { fail, type Harness, harness, info, MINUTE, PACING, watch } from './harness.ts';

const usage = (inputTokens: number, cacheReadTokens = 0): Usage => ({
  inputTokens,
  outputTokens: 100,
  cacheReadTokens,
  cacheWriteTokens: 0,
  reasoningTokens: 0,
});

const text = (bytes: number, over: Partial<RequestInfo> = {}): RequestInfo =>
  info({ inputBytes: bytes, maxOutputTokens: 10, ...over });

/** An estimator that saw calls of these sizes, with the tokens counted for each. */
function taught(...calls: readonly [RequestInfo, number][]): Estimator {
  const estimator = new Estimator();
  for (const [asked, tokens] of calls) estimator.observe(asked, usage(tokens), tokens);
  return estimator;
}

describe('an estimate of input', () => {
  it('is learned by model, and the length of answers too', () => {
    const asked = text(3_600, { maxOutputTokens: 10_000 });
    expect(new Estimator().estimate(asked)).toMatchObject({
      rawInputTokens: 1_000,
      inputTokens: 1_000,
      expectedOutputTokens: 3_000,
      confirmed: false,
    });
    const estimator = taught(...Array.from({ length: 20 }, () => [asked, 1_500] as [RequestInfo, number]));
    expect(estimator.estimate(asked).inputTokens).toBeGreaterThan(1_480);
    expect(estimator.estimate(asked).inputTokens).toBeLessThan(1_520);
    expect(estimator.estimate(asked)).toMatchObject({ confirmed: true });
    expect(estimator.estimate(asked).expectedOutputTokens).toBeLessThan(120);
    expect(estimator.estimate({ ...asked, model: 'b' })).toMatchObject({ inputTokens: 1_000, confirmed: false });
    expect(estimator.estimate({ ...asked, maxOutputTokens: 7 }).expectedOutputTokens).toBe(7);
  });

  it('is weighted by size: greetings reveal nothing about a book', () => {
    const greetings = Array.from({ length: 1_000 }, () => [text(2), 9] as [RequestInfo, number]);
    expect(taught(...greetings).estimate(text(2)).inputTokens).toBeLessThan(14);
    expect(taught(...greetings).estimate(text(360_000)).inputTokens).toBeLessThan(120_000);
    const book: [RequestInfo, number] = [text(360_000), 150_000];
    expect(taught(...greetings, book, ...greetings).estimate(text(360_000)).inputTokens).toBeGreaterThan(135_000);
  });

  it.each(HIDDEN_INPUTS)('is learned separately for %s', (kind) => {
    const hidden = text(600, { hidden: { kind, parts: 1 } });
    const estimator = taught([hidden, 28_000]);
    expect(estimator.estimate(text(19_000)).inputTokens).toBeLessThan(6_000);
    expect(estimator.estimate(hidden).inputTokens).toBeGreaterThan(25_000);
    expect(estimator.estimate({ ...hidden, hidden: { kind, parts: 2 } }).inputTokens).toBeGreaterThan(50_000);
    expect(estimator.estimate(text(19_000))).toMatchObject({ confirmed: false });
    expect(estimator.estimate(hidden)).toMatchObject({ confirmed: true });
  });

  it('hardly exceeds one token per byte, whatever calls were counted for', () => {
    const call = fc.tuple(fc.integer({ min: 0, max: 100_000 }), fc.integer({ min: 0, max: 1_000_000 }));
    fc.assert(
      fc.property(fc.array(call, { maxLength: 30 }), fc.integer({ min: 0, max: 1e6 }), (calls, bytes) => {
        const estimator = taught(...calls.map(([size, tokens]) => [text(size), tokens] as [RequestInfo, number]));
        expect(estimator.estimate(text(bytes)).inputTokens).toBeLessThanOrEqual(bytes + 401);
      }),
    );
  });

  it('counts cached tokens as little as the provider does', () => {
    const asked = text(360_000, { cached: true });
    const estimator = new Estimator();
    expect(estimator.estimate(asked, true)).toMatchObject({ countedInputTokens: 100_000, leastInputTokens: 0 });
    for (let call = 0; call < 10; call++) estimator.observe(asked, usage(100_000, 99_000), 1_000, true);
    expect(estimator.estimate(asked, true).countedInputTokens).toBeLessThan(2_000);
    expect(estimator.estimate(asked, true).inputTokens).toBeGreaterThan(90_000);
  });
});

const LIMITED = { ...PACING, tokensPerMinute: 50_000 };

async function admitted(h: Harness, asked: RequestInfo): Promise<NonNullable<ReturnType<typeof watch>['ticket']>> {
  const call = watch(h, { info: asked });
  await flush();
  await h.clock.advance(2 * MINUTE);
  expect(call.error).toBeUndefined();
  return call.ticket!;
}

describe('a lane', () => {
  it.each([
    ['text after a dear document', text(600, { hidden: { kind: 'document', parts: 1 } }), text(190_000)],
    ['a prompt of unknown words', text(10), text(190_000)],
    ['a further document', text(600, { hidden: { kind: 'document', parts: 1 } }), undefined],
    ['what goes on from a long answer', text(600, { hidden: { kind: 'previous_response', parts: 1 } }), undefined],
  ])('sends %s, although its estimate exceeds the limit', async (_words, first, then) => {
    const h = harness({ pacing: LIMITED });
    const ticket = await admitted(h, first);
    ticket.settle({ outcome: 'ok', usage: usage(10_800_000) });
    ticket.release();
    await h.clock.advance(400 * MINUTE);
    expect(await admitted(h, then ?? first)).toBeDefined();
  });

  it('refuses at once what the provider refused twice at that size, until its limit changes', async () => {
    const h = harness({ pacing: LIMITED });
    const tooLarge = {
      outcome: 'too_large',
      dimension: 'tokens',
      limit: 50_000,
      requested: 83_000,
      retryable: false,
    } as const;
    fail(await admitted(h, text(300_000)), tooLarge);
    fail(await admitted(h, text(300_000)), tooLarge);
    const again = watch(h, { info: text(300_000) });
    await flush();
    expect(again.error).toMatchObject({ reason: 'too_large', dimension: 'tokens', limit: 50_000 });
    await admitted(h, text(230_000));
    await admitted(h, text(300_000, { model: 'another' }));
    await admitted(h, text(300_000, { hidden: { kind: 'image', parts: 1 } }));
    await h.clock.advance(10 * MINUTE);
    await admitted(h, text(300_000));
  });

  it('refuses at once what fits by no tokenizer', async () => {
    const h = harness({ pacing: LIMITED });
    const call = watch(h, { info: text(64 * 50_000 + 64) });
    await flush();
    expect(call.error).toMatchObject({ reason: 'too_large', dimension: 'tokens' });
  });
});
