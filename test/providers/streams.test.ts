import { describe, expect, it } from 'vitest';
import type { ProviderName, StreamReader } from '../../src/core/provider.ts';
import { adapterFor } from '../../src/providers/registry.ts';

/** Reads `event:`/`data:` blocks separated by blank lines and returns the kinds. */
function play(provider: ProviderName, sse: string): { kinds: string[]; reader: StreamReader; error: unknown } {
  const reader = adapterFor(provider).streamReader();
  const kinds: string[] = [];
  let error: unknown;
  for (const block of sse.trim().split(/\n\s*\n/)) {
    const event = /^event: ?(.*)$/m.exec(block)?.[1] ?? null;
    const data = [...block.matchAll(/^data: ?(.*)$/gm)].map((match) => match[1]).join('\n');
    const read = reader.read(event, data);
    kinds.push(read.kind);
    if (read.kind === 'error') error = read.error;
  }
  return { kinds, reader, error };
}

const chunk = (body: object): string =>
  `data: ${JSON.stringify({ id: 'chatcmpl-1', object: 'chat.completion.chunk', model: 'gpt-4o-2024', ...body })}`;
const delta = (value: object, finish_reason: string | null = null): object => ({
  choices: [{ index: 0, delta: value, finish_reason }],
  usage: null,
});

describe('OpenAI chat streams', () => {
  it('recognizes preamble, content, usage and the end', () => {
    const { kinds, reader } = play(
      'openai',
      [
        chunk({ choices: [], prompt_filter_results: [{}] }),
        chunk(delta({ role: 'assistant', content: '', refusal: null })),
        chunk(delta({ content: 'Say "usage":{ and "error":x' })),
        chunk(delta({ content: ' more' })),
        chunk(delta({}, 'stop')),
        chunk({
          choices: [],
          usage: {
            prompt_tokens: 9,
            completion_tokens: 12,
            total_tokens: 21,
            prompt_tokens_details: { cached_tokens: 4 },
          },
        }),
        'data: [DONE]',
      ].join('\n\n'),
    );
    expect(kinds).toEqual(['preamble', 'preamble', 'content', 'content', 'content', 'content', 'done']);
    expect(reader.usage()).toEqual({
      inputTokens: 9,
      outputTokens: 12,
      cacheReadTokens: 4,
      cacheWriteTokens: 0,
      reasoningTokens: 0,
    });
    expect(reader.response()).toEqual({ id: 'chatcmpl-1', model: 'gpt-4o-2024', finishReasons: ['stop'] });
  });

  it.each([
    ['text', delta({ content: 'a' })],
    ['a tool call', delta({ tool_calls: [{ index: 0 }] })],
    ['a refusal', delta({ refusal: 'no' })],
    ['reasoning', delta({ reasoning: 'hm' })],
    ['only a finish reason', delta({}, 'content_filter')],
    ['a completion', { choices: [{ text: 'a', finish_reason: null }] }],
  ])('classifies %s as content', (_name, body) => {
    expect(play('openai', chunk(body)).kinds).toEqual(['content']);
  });

  it.each([
    ['a role', delta({ role: 'assistant' })],
    ['empty fields', delta({ role: 'assistant', content: null, tool_calls: [] })],
    ['an empty completion', { choices: [{ text: '', finish_reason: null }] }],
  ])('classifies %s as preamble', (_name, body) => {
    expect(play('openai', chunk(body)).kinds).toEqual(['preamble']);
  });

  it('recognizes an unnamed error, first or after content', () => {
    const failure =
      'data: {"error":{"message":"The server had an error processing your request. Sorry about that! You can retry your request, or contact us through our help center at help.openai.com if you keep seeing this error.","type":"server_error","param":null,"code":null}}';
    for (const before of ['', `${chunk(delta({ content: 'a' }))}\n\n`]) {
      const { kinds, error } = play('openai', `${before}${failure}\n\ndata: [DONE]`);
      expect(kinds.slice(-2)).toEqual(['error', 'done']);
      expect(adapterFor('openai').classify(error as object, 0)).toMatchObject({
        outcome: 'server_error',
        retryable: true,
        code: 'server_error',
      });
    }
  });

  it('passes on what is not JSON', () => {
    expect(play('openai', 'data: {"broken').kinds).toEqual(['content']);
  });
});

describe('OpenAI Responses streams', () => {
  const created =
    'event: response.created\ndata: {"type":"response.created","sequence_number":0,"response":{"id":"resp_1","object":"response","status":"in_progress","model":"gpt-6","error":null,"usage":null}}';

  it('recognizes preamble, content and the completed response', () => {
    const { kinds, reader } = play(
      'openai',
      `${created}

event: response.in_progress
data: {"type":"response.in_progress","sequence_number":1,"response":{"id":"resp_1","status":"in_progress"}}

event: response.output_item.added
data: {"type":"response.output_item.added","sequence_number":2,"item":{"type":"message"}}

event: response.output_text.delta
data: {"type":"response.output_text.delta","sequence_number":3,"delta":"Hi"}

event: response.completed
data: {"type":"response.completed","sequence_number":4,"response":{"id":"resp_1","object":"response","status":"completed","model":"gpt-6","error":null,"usage":{"input_tokens":37,"output_tokens":11,"total_tokens":48,"input_tokens_details":{"cached_tokens":0},"output_tokens_details":{"reasoning_tokens":2}}}}`,
    );
    expect(kinds).toEqual(['preamble', 'preamble', 'content', 'content', 'content']);
    expect(reader.usage()).toMatchObject({ inputTokens: 37, outputTokens: 11, reasoningTokens: 2 });
    expect(reader.response()).toEqual({ id: 'resp_1', model: 'gpt-6', finishReasons: ['completed'] });
  });

  it.each([
    [
      'nested',
      'event: error\ndata: {"type":"error","error":{"type":"service_unavailable_error","code":"server_is_overloaded","headers":{"x-retry-metadata":"NO_MORE_RETRY"},"message":"Our servers are currently overloaded. Please try again later.","param":null},"sequence_number":2}',
      'overloaded',
    ],
    [
      'nested without a name',
      'data: {"type":"error","error":{"code":"server_is_overloaded","message":"x"}}',
      'overloaded',
    ],
    [
      'flat',
      'event: error\ndata: {"type":"error","code":"rate_limit_exceeded","message":"…","param":null,"sequence_number":3}',
      'throttled',
    ],
    [
      'flat without a name',
      'data: {"type":"error","code":"rate_limit_exceeded","message":"…","param":null,"sequence_number":3}',
      'throttled',
    ],
    [
      'failed',
      'event: response.failed\ndata: {"type":"response.failed","sequence_number":4,"response":{"id":"resp_1","status":"failed","error":{"code":"server_error","message":"…"},"usage":null}}',
      'server_error',
    ],
    [
      'failed without a reason',
      'event: response.failed\ndata: {"type":"response.failed","response":{"status":"failed","error":null}}',
      'server_error',
    ],
  ])('recognizes an error that is %s', (_name, failure, outcome) => {
    const text = 'event: response.output_text.delta\ndata: {"type":"response.output_text.delta","delta":"Hi"}';
    for (const before of [created, `${created}\n\n${text}`]) {
      const { kinds, error } = play('openai', `${before}\n\n${failure}`);
      expect(kinds.at(-1)).toBe('error');
      expect(adapterFor('openai').classify(error as object, 0)).toMatchObject({ outcome });
    }
  });
});

it('reads usage of image, speech and assistant streams', () => {
  expect(
    play(
      'openai',
      'event: image_generation.completed\ndata: {"type":"image_generation.completed","b64_json":"AA","usage":{"input_tokens":5,"output_tokens":50}}',
    ).reader.usage(),
  ).toMatchObject({ inputTokens: 5, outputTokens: 50 });
  expect(
    play('openai', 'data: {"type":"speech.audio.done","usage":{"input_tokens":14,"output_tokens":101}}').reader.usage(),
  ).toMatchObject({ outputTokens: 101 });
  const assistant = play(
    'openai',
    'event: thread.run.completed\ndata: {"id":"run_1","object":"thread.run","usage":{"prompt_tokens":3,"completion_tokens":4}}',
  );
  expect(assistant.kinds).toEqual(['content']);
  expect(assistant.reader.usage()).toMatchObject({ inputTokens: 3, outputTokens: 4 });
});

describe('Groq streams', () => {
  it('reads usage from the last chunk', () => {
    const { kinds, reader } = play(
      'groq',
      `data: {"id":"chatcmpl-e7f8e220-656c-4455-a132-dacfc1370798","object":"chat.completion.chunk","model":"gemma2-9b-it","choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}],"x_groq":{"id":"req_01jadadp0femyae9kav1gpkhe8"}}

data: {"id":"chatcmpl-e7f8e220-656c-4455-a132-dacfc1370798","object":"chat.completion.chunk","created":1729171479,"model":"gemma2-9b-it","system_fingerprint":"fp_10c08bf97d","choices":[{"index":0,"delta":{},"logprobs":null,"finish_reason":"tool_calls"}],"x_groq":{"id":"req_01jadadp0femyae9kav1gpkhe8","usage":{"queue_time":0.061348671,"prompt_tokens":18,"prompt_time":0.000211569,"completion_tokens":439,"completion_time":0.798181818,"total_tokens":457,"total_time":0.798393387}}}

data: [DONE]`,
    );
    expect(kinds).toEqual(['preamble', 'content', 'done']);
    expect(reader.usage()).toMatchObject({ inputTokens: 18, outputTokens: 439 });
    expect(reader.response()).toMatchObject({ model: 'gemma2-9b-it', finishReasons: ['tool_calls'] });
  });

  it.each([
    [
      'a named event',
      'event: error\ndata: {"error":{"message":"Rate limit reached","type":"tokens","code":"rate_limit_exceeded"}}',
      'throttled',
    ],
    ['a bare string', 'event: error\ndata: {"error":"over capacity"}', 'overloaded'],
    ['text', 'event: error\ndata: over capacity', 'overloaded'],
    ['x_groq', 'data: {"choices":[],"x_groq":{"error":"over capacity"}}', 'overloaded'],
  ])('recognizes an error in %s, first or after content', (_name, failure, outcome) => {
    for (const before of ['', `${chunk(delta({ content: 'a' }))}\n\n`]) {
      const { kinds, error } = play('groq', before + failure);
      expect(kinds.at(-1)).toBe('error');
      expect(adapterFor('groq').classify(error as object, 0)).toMatchObject({ outcome, retryable: true });
    }
  });
});

describe('Anthropic streams', () => {
  const start =
    'event: message_start\ndata: {"type":"message_start","message":{"id":"msg_1","type":"message","role":"assistant","model":"claude-sonnet-5","content":[],"stop_reason":null,"usage":{"input_tokens":25,"cache_creation_input_tokens":7,"cache_read_input_tokens":100,"output_tokens":1}}}';
  const rest = `event: content_block_start
data: {"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}

event: ping
data: {"type": "ping"}

event: content_block_delta
data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Hello"}}

event: message_delta
data: {"type":"message_delta","delta":{"stop_reason":"end_turn","stop_sequence":null},"usage":{"input_tokens":null,"output_tokens":15,"output_tokens_details":{"thinking_tokens":4}}}

event: message_stop
data: {"type":"message_stop"}`;

  it('recognizes preamble and content, and adds up usage', () => {
    const { kinds, reader } = play('anthropic', `${start}\n\nevent: ping\ndata: {"type":"ping"}\n\n${rest}`);
    expect(kinds).toEqual(['preamble', 'preamble', 'content', 'preamble', 'content', 'content', 'content']);
    expect(reader.usage()).toEqual({
      inputTokens: 132,
      outputTokens: 15,
      cacheReadTokens: 100,
      cacheWriteTokens: 7,
      reasoningTokens: 4,
    });
    expect(reader.response()).toEqual({ id: 'msg_1', model: 'claude-sonnet-5', finishReasons: ['end_turn'] });
  });

  it('keeps the input usage of an interrupted stream', () => {
    expect(play('anthropic', start).reader.usage()).toMatchObject({ inputTokens: 132, outputTokens: 1 });
    expect(adapterFor('anthropic').streamReader().usage()).toBeUndefined();
  });

  it('reads events without a name by their type', () => {
    const { kinds, reader } = play('gcp.vertex_ai', `${start}\n\n${rest}`.replaceAll(/^event: .*\n/gm, ''));
    expect(kinds).toEqual(['preamble', 'content', 'preamble', 'content', 'content', 'content']);
    expect(reader.usage()).toMatchObject({ inputTokens: 132, outputTokens: 15 });
  });

  it.each(['', `${start}\n\n`, `${start}\n\n${rest}\n\n`])(
    'recognizes an error first, after the start, and after content',
    (before) => {
      const { kinds, error } = play(
        'anthropic',
        `${before}event: error\ndata: {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}`,
      );
      expect(kinds.at(-1)).toBe('error');
      expect(adapterFor('anthropic').classify(error as object, 0)).toMatchObject({
        outcome: 'overloaded',
        retryable: true,
        code: 'overloaded_error',
      });
    },
  );
});

describe('final events of typed OpenAI streams', () => {
  it.each([
    'response.completed',
    'response.incomplete',
    'response.cancelled',
    'image_generation.completed',
    'image_edit.completed',
    'transcript.text.done',
    'speech.audio.done',
  ])('%s ends the answer after content', (type) => {
    const [family] = type.split('.');
    const { reader } = play('openai', `data: {"type":"${family}.text.delta","delta":"x"}`);
    reader.read(null, JSON.stringify({ type }));
    expect(reader.finished()).toBe(true);
  });
});
