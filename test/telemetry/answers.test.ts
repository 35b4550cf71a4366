import { describe, expect, it } from 'vitest';
import { anthropicResponseInfo, openAIResponseInfo } from '../../src/providers/apis/response-info.ts';
import { anthropicStreamReader } from '../../src/providers/apis/anthropic-stream.ts';
import { tierLabel } from '../../src/telemetry/tiers.ts';
import { callEnd, callInfo, Harness } from './harness.ts';

const BASE = { 'gen_ai.provider.name': 'openai', 'gen_ai.request.model': 'gpt-5.1', 'gen_ai.operation.name': 'chat' };

const cut = (harness: Harness, reason: string): Promise<number[]> =>
  harness.values('tidegate.answers.cut', { ...BASE, 'tidegate.cut.reason': reason });

describe('incomplete answers', () => {
  it.each([
    ['length', 'length'],
    ['max_tokens', 'length'],
    ['max_output_tokens', 'length'],
    ['model_context_window_exceeded', 'length'],
    ['MAX_TOKENS', 'length'],
    ['content_filter', 'content_filter'],
    ['SAFETY', 'content_filter'],
    ['refusal', 'refusal'],
    ['error', 'error'],
  ])('are counted: %s is %s', async (word, reason) => {
    const harness = new Harness();
    harness.play(callEnd(callInfo(), { response: { finishReasons: ['stop', word] } }));
    expect(await cut(harness, reason)).toEqual([1]);
    expect(await harness.values('tidegate.answers.cut')).toEqual([1]);
  });

  it.each(['stop', 'end_turn', 'stop_sequence', 'tool_calls', 'tool_use', 'function_call', 'completed', 'pause_turn'])(
    'do not include those with a regular end: %s',
    async (word) => {
      const harness = new Harness();
      harness.play(callEnd(callInfo(), { response: { finishReasons: [word] } }));
      expect(await harness.values('tidegate.answers.cut')).toEqual([]);
    },
  );

  it('do not include failed and cancelled calls, nor unknown reasons', async () => {
    const harness = new Harness();
    const response = { finishReasons: ['length'] };
    harness.play(
      callEnd(callInfo(), { response, outcome: 'cancelled' }),
      callEnd(callInfo(), { response, outcome: 'timeout', errorType: 'timeout' }),
      callEnd(callInfo(), { response: { finishReasons: ['sk-secret'] } }),
    );
    expect(await harness.values('tidegate.answers.cut')).toEqual([]);
    expect(await harness.scrape()).not.toContain('sk-secret');
  });
});

describe('the tier of an answer', () => {
  it('is counted beside the requested one', async () => {
    const harness = new Harness();
    const answer = (tier: string | undefined, serviceTier: string | undefined): void =>
      harness.play(callEnd(callInfo({ tier }), { response: serviceTier === undefined ? {} : { serviceTier } }));
    answer('priority', 'priority');
    answer('priority', 'default');
    answer('priority', 'default');
    answer('flex', 'flex');
    const of = (asked: string, served: string): Promise<number[]> =>
      harness.values('tidegate.tier.answers', {
        ...BASE,
        'tidegate.tier.asked': asked,
        'tidegate.tier.served': served,
      });
    expect(await of('priority', 'priority')).toEqual([1]);
    expect(await of('priority', 'standard')).toEqual([2]);
    expect(await of('flex', 'flex')).toEqual([1]);
  });

  it('costs nothing if no call requests one', async () => {
    const harness = new Harness();
    for (const tier of [undefined, 'auto']) {
      harness.play(callEnd(callInfo({ tier }), { response: { serviceTier: 'default' } }));
    }
    harness.play(callEnd(callInfo({ tier: 'fast' })));
    expect(await harness.values('tidegate.tier.answers')).toEqual([]);
  });

  it('comes from a closed set, whatever a server says', () => {
    expect(['default', 'standard', 'on_demand', 'flex', 'ultrafast', 'gold'].map(tierLabel)).toEqual([
      'standard',
      'standard',
      'standard',
      'flex',
      'ultrafast',
      'other',
    ]);
  });

  it('is read from every shape that states it', () => {
    const usage = { input_tokens: 1, output_tokens: 1, service_tier: 'priority', speed: 'standard' };
    expect(openAIResponseInfo({ object: 'chat.completion', service_tier: 'flex' }).serviceTier).toBe('flex');
    expect(openAIResponseInfo({ response: { object: 'response', service_tier: 'default' } }).serviceTier).toBe(
      'default',
    );
    expect(anthropicResponseInfo({ type: 'message', usage }).serviceTier).toBe('priority');
    expect(anthropicResponseInfo({ type: 'message', usage: { ...usage, speed: 'fast' } }).serviceTier).toBe('fast');
    expect(anthropicResponseInfo({ type: 'message' })).not.toHaveProperty('serviceTier');
    const reader = anthropicStreamReader();
    reader.read('message_start', JSON.stringify({ type: 'message_start', message: { id: 'm', usage } }));
    reader.read('message_delta', JSON.stringify({ type: 'message_delta', delta: {}, usage: { output_tokens: 5 } }));
    expect(reader.response().serviceTier).toBe('priority');
  });
});
