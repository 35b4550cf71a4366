import { describe, expect, it } from 'vitest';
import type { Usage } from '../../src/core/outcome.ts';
import type { ProviderName } from '../../src/core/provider.ts';
import { adapterFor } from '../../src/providers/registry.ts';

const usage = (inputTokens: number, outputTokens: number, rest: Partial<Usage> = {}): Usage => ({
  inputTokens,
  outputTokens,
  cacheReadTokens: 0,
  cacheWriteTokens: 0,
  reasoningTokens: 0,
  ...rest,
});

const GROQ_BODY = JSON.parse(
  '{"id":"chatcmpl-1","model":"openai/gpt-oss-20b","choices":[{"finish_reason":"stop"}],"usage":{"queue_time":0.0521354,"prompt_tokens":16,"prompt_time":0.00080814,"completion_tokens":19,"completion_time":0.036813737,"total_tokens":35,"total_time":0.037621877},"usage_breakdown":null,"system_fingerprint":"fp_21e59ac2de","x_groq":{"id":"req_01m48tqzdve5v8d97j7jgm40as","seed":1321871292},"service_tier":"on_demand"}',
) as unknown;

const ROWS: readonly (readonly [string, ProviderName, unknown, Usage | undefined])[] = [
  [
    'chat',
    'openai',
    {
      usage: {
        prompt_tokens: 100,
        completion_tokens: 20,
        total_tokens: 120,
        prompt_tokens_details: { cached_tokens: 64, cache_write_tokens: 8 },
        completion_tokens_details: { reasoning_tokens: 12 },
      },
    },
    usage(100, 20, { cacheReadTokens: 64, cacheWriteTokens: 8, reasoningTokens: 12 }),
  ],
  [
    'responses',
    'openai',
    {
      usage: {
        input_tokens: 75,
        output_tokens: 1186,
        input_tokens_details: { cached_tokens: 10 },
        output_tokens_details: { reasoning_tokens: 1024 },
      },
    },
    usage(75, 1_186, { cacheReadTokens: 10, reasoningTokens: 1_024 }),
  ],
  ['embeddings', 'openai', { data: [], usage: { prompt_tokens: 8, total_tokens: 8 } }, usage(8, 0)],
  [
    'images',
    'openai',
    {
      data: [],
      usage: {
        input_tokens: 50,
        output_tokens: 4_160,
        total_tokens: 4_210,
        input_tokens_details: { image_tokens: 0, text_tokens: 50 },
      },
    },
    usage(50, 4_160),
  ],
  [
    'transcription in tokens',
    'openai',
    {
      text: '',
      usage: {
        type: 'tokens',
        input_tokens: 14,
        output_tokens: 45,
        total_tokens: 59,
        input_token_details: { audio_tokens: 14, cached_tokens: 2 },
      },
    },
    usage(14, 45, { cacheReadTokens: 2 }),
  ],
  ['transcription in seconds', 'openai', { text: '', usage: { type: 'duration', seconds: 9 } }, undefined],
  ['moderation', 'openai', { id: 'modr-1', results: [] }, undefined],
  ['azure chat', 'azure.ai.openai', { usage: { prompt_tokens: 1, completion_tokens: 2 } }, usage(1, 2)],
  ['groq chat', 'groq', GROQ_BODY, usage(16, 19)],
  [
    'groq chat, cached',
    'groq',
    {
      usage: { prompt_tokens: 100, completion_tokens: 1, prompt_tokens_details: { cached_tokens: 90 } },
      x_groq: { usage: { dram_cached_tokens: 90, sram_cached_tokens: 0 } },
    },
    usage(100, 1, { cacheReadTokens: 90 }),
  ],
  ['groq transcription', 'groq', { text: 'a', x_groq: { id: 'req_1' } }, undefined],
  [
    'messages',
    'anthropic',
    {
      type: 'message',
      usage: {
        input_tokens: 10,
        output_tokens: 5,
        cache_creation_input_tokens: 100,
        cache_read_input_tokens: 1_000,
        cache_creation: { ephemeral_5m_input_tokens: 100, ephemeral_1h_input_tokens: 0 },
        output_tokens_details: { thinking_tokens: 3 },
        service_tier: 'standard',
      },
    },
    usage(1_110, 5, { cacheReadTokens: 1_000, cacheWriteTokens: 100, reasoningTokens: 3 }),
  ],
  [
    'messages with nulls',
    'aws.bedrock',
    {
      type: 'message',
      usage: {
        input_tokens: 10,
        output_tokens: 5,
        cache_creation_input_tokens: null,
        cache_read_input_tokens: null,
        output_tokens_details: null,
      },
    },
    usage(10, 5),
  ],
  // Counting tokens is not charged.
  ['count_tokens', 'anthropic', { input_tokens: 2_095 }, undefined],
  [
    'parts larger than the whole',
    'openai',
    {
      usage: {
        prompt_tokens: 10,
        completion_tokens: 1,
        prompt_tokens_details: { cached_tokens: 50, cache_write_tokens: 50 },
        completion_tokens_details: { reasoning_tokens: 9 },
      },
    },
    usage(10, 1, { cacheReadTokens: 10, reasoningTokens: 1 }),
  ],
  ['nonsense', 'openai', { usage: { prompt_tokens: -1, completion_tokens: 'many' } }, undefined],
  ['text', 'openai', 'plain', undefined],
  ['nothing', 'anthropic', undefined, undefined],
];

describe('readUsage', () => {
  it.each(ROWS)('%s (%s)', (_name, provider, body, expected) => {
    expect(adapterFor(provider).readUsage(body)).toEqual(expected);
  });
});

describe('readResponse', () => {
  it.each([
    [
      'openai',
      { id: 'chatcmpl-1', model: 'gpt-4o', choices: [{ finish_reason: 'stop' }, { finish_reason: 'length' }] },
      { id: 'chatcmpl-1', model: 'gpt-4o', finishReasons: ['stop', 'length'] },
    ],
    [
      'openai',
      { id: 'resp_1', object: 'response', model: 'gpt-5', status: 'completed', incomplete_details: null },
      { id: 'resp_1', model: 'gpt-5', finishReasons: ['completed'] },
    ],
    [
      'openai',
      {
        id: 'resp_1',
        object: 'response',
        model: 'gpt-5',
        status: 'incomplete',
        incomplete_details: { reason: 'max_output_tokens' },
      },
      { id: 'resp_1', model: 'gpt-5', finishReasons: ['max_output_tokens'] },
    ],
    ['openai', { id: 'resp_1', object: 'response', status: 'queued' }, { id: 'resp_1' }],
    [
      'anthropic',
      { id: 'msg_1', type: 'message', model: 'claude-x', stop_reason: 'end_turn' },
      { id: 'msg_1', model: 'claude-x', finishReasons: ['end_turn'] },
    ],
    ['groq', [1, 2], {}],
  ] as const)('%s %j', (provider, body, expected) => {
    expect(adapterFor(provider).readResponse(body)).toEqual(expected);
  });

  it('names the header with the request id', () => {
    expect(adapterFor('openai').requestIdHeader).toBe('x-request-id');
    expect(adapterFor('anthropic').requestIdHeader).toBe('request-id');
    expect(adapterFor('aws.bedrock').requestIdHeader).toBe('x-amzn-requestid');
  });
});

describe('charge', () => {
  const estimate = { inputTokens: 1_000, maxOutputTokens: 4_000, expectedOutputTokens: 500 };
  const counted = usage(1_000, 300, { cacheReadTokens: 600, cacheWriteTokens: 100 });

  it('OpenAI reserves the larger of max_tokens and the estimate and counts cached tokens', () => {
    const { charge } = adapterFor('openai');
    expect(charge.reserve(estimate).tokens).toBe(4_000);
    expect(charge.reserve({ ...estimate, maxOutputTokens: 10 }).tokens).toBe(1_000);
    expect(charge.reserve({ ...estimate, maxOutputTokens: undefined }).tokens).toBe(1_000);
    expect(charge.charge(counted).tokens).toBe(1_300);
  });

  it('Azure reserves the sum', () => {
    expect(adapterFor('azure.ai.openai').charge.reserve(estimate).tokens).toBe(5_000);
  });

  it('Anthropic counts uncached input and the real answer, whatever max_tokens', () => {
    const { charge } = adapterFor('anthropic');
    expect(charge.reserve(estimate)).toEqual({ tokens: 1_500, inputTokens: 1_000, outputTokens: 500 });
    expect(charge.reserve({ ...estimate, maxOutputTokens: 100 }).outputTokens).toBe(100);
    expect(charge.charge(counted)).toEqual({ tokens: 700, inputTokens: 400, outputTokens: 300 });
  });

  it('Groq reserves the sum and leaves cached tokens out', () => {
    const { charge } = adapterFor('groq');
    expect(charge.reserve(estimate).tokens).toBe(5_000);
    expect(charge.charge(counted).tokens).toBe(700);
  });
});
