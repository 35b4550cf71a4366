import { randomBytes } from 'node:crypto';
import { describe, expect, it, vi } from 'vitest';
import type { RequestInfo, RequestLike } from '../../src/core/provider.ts';
import { describeRequest } from '../../src/providers/request/describe-request.ts';

/** Lines of 76, as in e-mail. */
const inLines = (text: string): string => text.replace(/.{76}/g, '$&\n');

const read = (path: string, body?: unknown, rest: Partial<RequestLike> = {}): RequestInfo =>
  describeRequest({ method: 'post', path, body, ...rest });

describe('operation and model', () => {
  it.each([
    ['/chat/completions', 'chat'],
    ['/openai/v1/chat/completions', 'chat'],
    ['/deployments/x/chat/completions', 'chat'],
    ['https://r.openai.azure.com/openai/deployments/x/chat/completions?api-version=2024-10-21', 'chat'],
    ['/responses', 'chat'],
    ['/responses/compact', 'chat'],
    ['/v1/messages', 'chat'],
    ['/v1/messages?beta=true', 'chat'],
    ['/model/anthropic.claude-v2:1/invoke', 'chat'],
    ['/completions', 'text_completion'],
    ['/v1/complete', 'text_completion'],
    ['/embeddings', 'embeddings'],
    ['/moderations', 'moderation'],
    ['/images/generations', 'image'],
    ['/images/edits', 'image'],
    ['/audio/speech', 'audio'],
    ['/openai/v1/audio/transcriptions', 'audio'],
    ['/v1/messages/count_tokens', 'count_tokens'],
    ['/v1/messages/count_tokens?beta=true', 'count_tokens'],
    ['/v1/messages/batches', 'other'],
    ['/threads/t_1/messages/m_1', 'other'],
    ['/responses/resp_1/cancel', 'other'],
    ['/models', 'other'],
    ['/files', 'other'],
    ['', 'other'],
  ])('%s is %s', (path, operation) => {
    expect(read(path, { model: 'm' }).operation).toBe(operation);
  });

  it('accepts only POST for a generation', () => {
    expect(describeRequest({ method: 'get', path: '/chat/completions' }).operation).toBe('other');
    expect(describeRequest({ path: '/chat/completions' }).operation).toBe('chat');
  });

  it('prefers the model in the body to that in the path', () => {
    expect(read('/deployments/mine/chat/completions', { model: 'gpt-4o' }).model).toBe('gpt-4o');
    expect(read('/openai/deployments/mine/chat/completions', {}).model).toBe('mine');
    expect(read('/model/anthropic.claude-3-5-sonnet-20241022-v2%3A0/invoke', {}).model).toBe(
      'anthropic.claude-3-5-sonnet-20241022-v2:0',
    );
    expect(
      read('/v1/projects/p/locations/l/publishers/anthropic/models/claude-sonnet-4@20250514:streamRawPredict', {}),
    ).toMatchObject({ model: 'claude-sonnet-4@20250514', operation: 'chat', stream: true });
    expect(read('/v1/projects/p/locations/l/publishers/anthropic/models/count-tokens:rawPredict', {})).toEqual({
      operation: 'count_tokens',
      stream: false,
      maxOutputTokens: 0,
      inputBytes: 0,
      attributes: {},
    });
    expect(read('/model/a%/invoke', {}).model).toBe('a%');
    expect(read('/chat/completions', {})).not.toHaveProperty('model');
  });

  it('recognizes a stream in the body, the options and the path', () => {
    expect(read('/chat/completions', { stream: true }).stream).toBe(true);
    expect(read('/chat/completions', {}, { stream: true }).stream).toBe(true);
    expect(read('/model/x/invoke-with-response-stream', {}).stream).toBe(true);
    expect(read('/audio/speech', { stream_format: 'sse' }).stream).toBe(true);
    expect(read('/audio/speech', { stream_format: 'audio' }).stream).toBe(false);
    expect(read('/chat/completions', { stream: false }).stream).toBe(false);
  });
});

describe('output', () => {
  it.each([
    ['/chat/completions', { max_tokens: 100 }, 100],
    ['/chat/completions', { max_completion_tokens: 50, max_tokens: 100 }, 50],
    ['/chat/completions', { max_completion_tokens: 50, n: 3 }, 150],
    ['/completions', { max_tokens: 10, n: 2, best_of: 5 }, 50],
    ['/responses', { max_output_tokens: 70 }, 70],
    ['/v1/messages', { max_tokens: 1_024 }, 1_024],
    ['/v1/complete', { max_tokens_to_sample: 30 }, 30],
    ['/chat/completions', { max_tokens: null }, undefined],
    ['/chat/completions', { max_tokens: -5 }, undefined],
    ['/embeddings', { input: 'a' }, 0],
    ['/v1/messages/count_tokens', { max_tokens: 5 }, 0],
  ])('%s %j reserves %s', (path, body, max) => {
    expect(read(path, body).maxOutputTokens).toBe(max);
  });
});

describe('bytes of input', () => {
  const bytes = (path: string, body: unknown): number => read(path, body).inputBytes;
  const message = (content: unknown): unknown => ({ messages: [{ role: 'user', content }] });
  const overhead = bytes('/chat/completions', message(''));

  it('counts UTF-8 bytes of text wherever it stands', () => {
    expect(overhead).toBeLessThan(10);
    expect(bytes('/chat/completions', message('x'.repeat(1_000)))).toBe(overhead + 1_000);
    expect(bytes('/chat/completions', message('日本'))).toBe(overhead + 6);
    expect(bytes('/chat/completions', message([{ type: 'text', text: 'x'.repeat(500) }]))).toBeGreaterThanOrEqual(500);
    expect(
      bytes('/v1/messages', { system: [{ type: 'text', text: 'x'.repeat(500) }], messages: [] }),
    ).toBeGreaterThanOrEqual(500);
    expect(bytes('/v1/messages', { system: 'x'.repeat(500), messages: [] })).toBe(500);
    expect(bytes('/responses', { instructions: 'x'.repeat(200), input: 'x'.repeat(300) })).toBe(500);
    expect(bytes('/completions', { prompt: ['x'.repeat(10), 'y'.repeat(10)] })).toBe(20);
    expect(bytes('/embeddings', { input: 'x'.repeat(10) })).toBe(10);
  });

  it('counts tool definitions and nested tool results', () => {
    const tools = [
      {
        type: 'function',
        function: {
          name: 'f',
          description: 'x'.repeat(300),
          parameters: { type: 'object', properties: { city: { type: 'string' } } },
        },
      },
    ];
    expect(bytes('/chat/completions', { messages: [], tools })).toBeGreaterThan(300);
    const result = {
      type: 'tool_result',
      tool_use_id: 't'.repeat(500),
      content: [{ type: 'text', text: 'x'.repeat(400) }],
    };
    const counted = bytes('/v1/messages', message([result]));
    expect(counted).toBeGreaterThan(400);
    expect(counted).toBeLessThan(500);
  });

  it('counts token ids', () => {
    expect(bytes('/embeddings', { input: Array.from({ length: 100 }, () => 7) })).toBe(400);
    expect(bytes('/completions', { prompt: [[1, 2], [3]] })).toBe(12);
  });

  it('counts other data separately, whatever its size', () => {
    const data = 'A'.repeat(1_000_000);
    const empty = bytes('/chat/completions', message([]));
    const hidden = (content: unknown): RequestInfo['hidden'] => read('/chat/completions', message(content)).hidden;
    for (const [kind, part] of [
      ['image', { type: 'image_url', image_url: { url: `data:image/png;base64,${data}` } }],
      ['image', { type: 'input_image', image_url: 'https://example.com/a.png' }],
      ['image', { type: 'image', source: { type: 'base64', media_type: 'image/png', data } }],
      ['document', { type: 'document', source: { type: 'base64', media_type: 'application/pdf', data } }],
      ['document', { type: 'input_file', file_id: 'file-1' }],
      ['audio', { type: 'input_audio', input_audio: { data, format: 'wav' } }],
      ['reasoning', { type: 'redacted_thinking', data }],
    ] as const) {
      expect(bytes('/chat/completions', message([part]))).toBe(empty);
      expect(hidden([part])).toEqual({ kind, parts: 1 });
    }
    expect(hidden(`data:image/png;base64,${data}`)).toEqual({ kind: 'image', parts: 1 });
    expect(hidden([{ type: 'image_url', image_url: { url: 'https://a/b.png', detail: 'low' } }])?.parts).toBeLessThan(
      0.1,
    );
    expect(
      hidden([
        { type: 'image', source: { type: 'url', url: 'u' } },
        { type: 'file', file: { file_id: 'f' } },
      ]),
    ).toEqual({ kind: 'document', parts: 2 });
    const document = [
      { type: 'document', source: { type: 'text', media_type: 'text/plain', data: 'x'.repeat(9_000) } },
    ];
    expect(bytes('/v1/messages', message(document))).toBeGreaterThan(9_000);
    expect(hidden(document)).toBeUndefined();
  });

  it.each([
    ['previous_response', { previous_response_id: 'resp_1', input: 'hi' }],
    ['previous_response', { conversation: { id: 'conv_1' }, input: 'hi' }],
    ['stored_prompt', { prompt: { id: 'pmpt_1', variables: { city: 'Oslo' } } }],
    ['server_tools', { input: 'hi', tools: [{ type: 'web_search' }] }],
    ['server_tools', { messages: [], tools: [{ type: 'web_search_20260209', name: 'web_search' }] }],
    ['server_tools', { messages: [], mcp_servers: [{ type: 'url', url: 'https://a' }] }],
    ['server_tools', { messages: [], web_search_options: {} }],
    ['reasoning', { input: [{ type: 'reasoning', id: 'rs_1', summary: [], encrypted_content: 'gAAAA' }] }],
    ['image', { input: [{ type: 'image_generation_call', id: 'ig_1', result: 'iVBORw0' }] }],
    ['opaque', { input: [{ type: 'shell_call_output', output: randomBytes(90_000).toString('base64') }] }],
    ['opaque', { input: [{ type: 'x', output: inLines(randomBytes(90_000).toString('base64')) }] }],
    ['opaque', { messages: [{ role: 'user', content: randomBytes(90_000).toString('base64url') }] }],
    [undefined, { input: 'hi', previous_response_id: null }],
    [
      undefined,
      {
        messages: [],
        tools: [
          { type: 'function', function: { name: 'f' } },
          { type: 'custom', name: 'g' },
        ],
      },
    ],
    [undefined, { messages: [], tools: [{ name: 'f', input_schema: { type: 'object' } }] }],
    [undefined, { input: 'x'.repeat(5_000) }],
    [undefined, { input: randomBytes(5_000).toString('hex') }],
    [undefined, { input: Array.from({ length: 400 }, (_, index) => `Word${index}`).join('\n') }],
    [undefined, { input: '这是一个很长的句子没有空格'.repeat(100) }],
  ])('finds input of kind %s', (kind, body) => {
    const info = read('/responses', body);
    expect(info.hidden?.kind).toBe(kind);
    expect(info.inputBytes).toBeLessThan(11_000);
  });

  it('recognizes that a prompt is to be cached', () => {
    const block = { type: 'text', text: 'x', cache_control: { type: 'ephemeral' } };
    expect(read('/v1/messages', { system: [block], messages: [] }).cached).toBe(true);
    expect(read('/v1/messages', { cache_control: { type: 'ephemeral' }, messages: [] }).cached).toBe(true);
    expect(read('/v1/messages', { tools: [{ name: 'f', cache_control: { type: 'ephemeral' } }] }).cached).toBe(true);
    expect(read('/v1/messages', message('x'))).not.toHaveProperty('cached');
  });

  it('never serializes the body', () => {
    const stringify = vi.spyOn(JSON, 'stringify');
    bytes('/chat/completions', message('x'.repeat(100)));
    expect(stringify).not.toHaveBeenCalled();
  });

  it('terminates on a body that contains itself', () => {
    const loop: Record<string, unknown> = {};
    loop['messages'] = [loop, loop];
    expect(bytes('/chat/completions', loop)).toBeGreaterThanOrEqual(0);
  });
});

describe('requested output', () => {
  it.each([
    ['/chat/completions', {}, undefined],
    ['/chat/completions', { response_format: { type: 'text' } }, 'text'],
    ['/chat/completions', { response_format: { type: 'json_object' } }, 'json'],
    ['/chat/completions', { response_format: { type: 'json_schema', json_schema: {} } }, 'json'],
    ['/chat/completions', { response_format: { type: 'Tell me a secret' } }, undefined],
    ['/chat/completions', { modalities: ['text', 'audio'], response_format: { type: 'text' } }, 'speech'],
    ['/chat/completions', { modalities: ['text', 'image'] }, 'image'],
    ['/chat/completions', { modalities: ['text'] }, undefined],
    ['/responses', { text: { format: { type: 'json_schema' } } }, 'json'],
    ['/responses', { text: { verbosity: 'low' } }, undefined],
    ['/v1/messages', { output_config: { format: { type: 'json_schema' } } }, 'json'],
    ['/images/generations', { response_format: 'b64_json' }, 'image'],
    ['/audio/speech', { response_format: 'mp3' }, 'speech'],
    ['/audio/transcriptions', { response_format: 'json' }, undefined],
    ['/embeddings', { encoding_format: 'float' }, undefined],
  ])('%s %j: %s', (path, body, outputType) => {
    expect(read(path, body).outputType).toBe(outputType);
  });

  it.each([
    ['/chat/completions', 'chat_completions'],
    ['/v1/responses', 'responses'],
    ['/responses/compact', undefined],
    ['/completions', undefined],
    ['/v1/messages', undefined],
  ])('%s is of the API %s', (path, api) => {
    expect(read(path, {}).api).toBe(api);
  });
});

describe('attributes', () => {
  it('records sampling parameters and nothing of the content', () => {
    const info = read('/chat/completions', {
      model: 'gpt-4o',
      messages: [{ role: 'user', content: 'SECRET' }],
      stop: ['END', 'x'.repeat(100)],
      user: 'SECRET',
      metadata: { a: 'SECRET' },
      max_completion_tokens: 10,
      temperature: 0.5,
      top_p: 0.9,
      frequency_penalty: 0.1,
      presence_penalty: 0.2,
      seed: 42,
      n: 2,
      reasoning_effort: 'high',
    });
    expect(info.attributes).toEqual({
      max_tokens: 10,
      temperature: 0.5,
      top_p: 0.9,
      frequency_penalty: 0.1,
      presence_penalty: 0.2,
      seed: 42,
      'choice.count': 2,
      'reasoning.level': 'high',
      stop_sequences: ['END', 'x'.repeat(64)],
    });
    expect(JSON.stringify(info)).not.toContain('SECRET');
  });

  it.each([
    [{ reasoning: { effort: 'low' } }, { 'reasoning.level': 'low' }],
    [
      { output_config: { effort: 'xhigh' }, top_k: 5 },
      { 'reasoning.level': 'xhigh', top_k: 5 },
    ],
    [{ reasoning_effort: 'Tell me a secret' }, {}],
    [{ n: 1, temperature: Number.NaN, seed: 'SECRET', top_k: null }, {}],
    [{ stop: 'END' }, { stop_sequences: ['END'] }],
    [{ stop_sequences: ['a', 7, 'b'] }, { stop_sequences: ['a', 'b'] }],
    [{ stop: null }, {}],
    [{ stop: Array.from({ length: 40 }, () => 's') }, { stop_sequences: Array.from({ length: 16 }, () => 's') }],
    [{ previous_response_id: 'resp_1' }, { 'previous_response.id': 'resp_1' }],
    [{ previous_response_id: 'two\nlines' }, { 'previous_response.id': 'two_lines' }],
  ])('%j', (body, attributes) => {
    expect(read('/responses', body).attributes).toEqual(attributes);
  });
});

describe('bodies of other kinds', () => {
  it('reads the text fields of a form', () => {
    const form = new FormData();
    form.set('model', 'whisper-large-v3');
    form.set('prompt', 'names');
    form.set('stream', 'true');
    form.set('temperature', '0.2');
    form.set('file', new Blob(['x'.repeat(10_000)]), 'a.wav');
    expect(read('/audio/transcriptions', form)).toEqual({
      operation: 'audio',
      model: 'whisper-large-v3',
      stream: true,
      inputBytes: 5,
      hidden: { kind: 'document', parts: 1 },
      content: { audioSeconds: 0 },
      attributes: { temperature: 0.2 },
    });
  });

  it.each([
    ['/v1/images/generations', { prompt: 'a', n: 3 }, { images: 3 }],
    ['/v1/images/edits', { prompt: 'a', image: ['x', 'y'] }, { images: 1, inputImages: 2 }],
    [
      '/v1/chat/completions',
      { messages: [{ content: [{ type: 'image_url' }, { type: 'image_url' }] }] },
      { inputImages: 2 },
    ],
    ['/v1/chat/completions', { messages: [{ content: [{ type: 'input_audio' }] }] }, { audioSeconds: 0 }],
    ['/v1/chat/completions', { messages: [], web_search_options: {} }, { webSearches: 1 }],
    ['/v1/messages', { messages: [], tools: [{ type: 'web_search_20250305' }, { name: 'mine' }] }, { webSearches: 1 }],
    ['/v1/responses', { input: 'a', tools: [{ type: 'image_generation' }, { type: 'function' }] }, { images: 1 }],
    ['/v1/responses', { input: 'a', tools: [{ type: 'code_interpreter' }] }, { serverTools: 1 }],
    ['/v1/messages', { messages: [{ content: 'hi' }], tools: [{ name: 'mine' }] }, undefined],
    ['/v1/messages/count_tokens', { messages: [{ content: [{ type: 'image' }] }] }, undefined],
  ])('%s %j has content with limits of its own', (path, body, content) => {
    expect(read(path, { model: 'm', ...body }).content).toEqual(content);
  });

  it('treats a prompt of more than 200,000 tokens as long', () => {
    const prompt = (words: number): object => ({ model: 'm', messages: [{ content: 'some word '.repeat(words) }] });
    expect(read('/v1/messages', prompt(90_000)).content?.longInput).toBeCloseTo(225_000, -2);
    expect(read('/v1/messages', prompt(70_000)).content).toBeUndefined();
  });

  it('reads JSON text', () => {
    expect(
      read(
        '/v1/chat/completions',
        JSON.stringify({ model: 'm', stream: true, max_tokens: 5, messages: [{ role: 'user', content: 'hi' }] }),
      ),
    ).toMatchObject({ model: 'm', stream: true, maxOutputTokens: 5 });
  });

  it.each([
    ['a stream', new ReadableStream()],
    ['bytes', new Uint8Array(10)],
    ['text', 'no json'],
    ['nothing', undefined],
    ['null', null],
    ['a list', [1]],
  ])('does not read %s', (_name, body) => {
    expect(read('/chat/completions', body)).toEqual({
      operation: 'chat',
      api: 'chat_completions',
      stream: false,
      inputBytes: 0,
      attributes: {},
    });
  });

  it('runs no code of an array: neither its methods nor the getters of its indices', () => {
    const asked: string[] = [];
    const note = (name: string) => (): never => {
      asked.push(name);
      throw new Error(name);
    };
    const listOf = <T>(...items: T[]): T[] => {
      const list: T[] = [...items, items[0]!];
      for (const name of ['map', 'filter', Symbol.iterator] as const) {
        Object.defineProperty(list, name, { value: note(String(name)) });
      }
      return Object.defineProperty(list, items.length, { enumerable: true, get: note('place') });
    };
    const body = {
      messages: listOf({ role: 'user', content: listOf({ type: 'image_url' }, { type: 'text', text: 'ab' }) }),
      tools: listOf({ type: 'web_search' }),
    };
    const found = read('/chat/completions', body);
    expect(asked).toEqual([]);
    expect(found).toMatchObject({ content: { inputImages: 1, webSearches: 1 } });
  });

  it('ignores a getter that throws, which the SDK will meet itself', () => {
    const body = {
      get messages(): never {
        throw new Error('boom');
      },
    };
    expect(read('/chat/completions', body)).toEqual({
      operation: 'chat',
      api: 'chat_completions',
      stream: false,
      inputBytes: 0,
      attributes: {},
    });
  });
});
