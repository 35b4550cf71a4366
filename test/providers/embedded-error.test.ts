import { describe, expect, it } from 'vitest';
import { readEmbeddedError } from '../../src/providers/errors/embedded-error.ts';
import { adapterFor } from '../../src/providers/registry.ts';

const WALL = Date.parse('2026-11-26T12:00:00Z');
const empty = {
  id: 'gen-1',
  object: 'chat.completion',
  choices: [{ message: { content: null }, finish_reason: null }],
};
const choice = (fields: object, content: string | null = null): object => ({
  ...empty,
  choices: [{ index: 0, message: { role: 'assistant', content }, ...fields }],
});

/** Bodies with status 200, with their meaning and where they were reported. */
const REFUSED: readonly (readonly [string, unknown, object])[] = [
  ['an array', [{ error: { code: 429, status: 'RESOURCE_EXHAUSTED', message: 'x' } }], { outcome: 'throttled' }],
  [
    'flat, as of vLLM and its kin (github.com/AgnesAI-Labs/AgnesCode/issues/50, 2026-07-21)',
    {
      object: 'error',
      message: 'Image count 5 exceeds limit 4 per request.',
      type: 'BadRequestError',
      param: null,
      code: 400,
    },
    { outcome: 'bad_request' },
  ],
  [
    'MiniMax: a rate (github.com/MiniMax-AI/MiniMax-01/issues/45, 2025-04-25)',
    {
      id: 'x',
      choices: null,
      base_resp: { status_code: 1002, status_msg: 'trigger rate limit, please contact the sales representative' },
    },
    { outcome: 'throttled' },
  ],
  [
    'MiniMax: money',
    { choices: null, base_resp: { status_code: 1008, status_msg: 'insufficient balance' } },
    { outcome: 'quota_exhausted' },
  ],
  [
    'a code that nobody knows, in words that everybody knows (github.com/kaitranntt/ccs/issues/536, 2026-02-11)',
    { ...empty, error: { code: '1302', message: 'Rate limit reached for requests' } },
    { outcome: 'throttled', dimension: 'requests' },
  ],
  [
    'the same in Chinese (github.com/presenton/presenton/issues/763, 2026-07-19)',
    { error: { code: '1302', message: '您的账户已达到速率限制，请您控制请求频率' } },
    { outcome: 'throttled' },
  ],
  [
    'a reason of its end (github.com/gethouston/houston/pull/1211, 2026-08-03)',
    choice({ finish_reason: 'error' }),
    { outcome: 'server_error' },
  ],
  [
    'a native reason behind a benign one (github.com/OleksandrChekhovskyi/hax/pull/15, 2026-08-24)',
    choice({ finish_reason: 'stop', native_finish_reason: 'network_error' }),
    { outcome: 'server_error' },
  ],
  ['a problem document', { status: 429, title: 'Too Many Requests' }, { outcome: 'throttled' }],
  ['a text', { error: 'Rate limit exceeded, please try again in 2s.' }, { outcome: 'throttled', hintMs: 2_000 }],
  ['FastAPI', { detail: 'Rate limit exceeded: 10 per 1 minute', status: 429 }, { outcome: 'throttled' }],
];

describe('an error inside a 200', () => {
  it.each(REFUSED)('%s', (_name, body, expected) => {
    const found = readEmbeddedError(body);
    expect(found?.besideContent).toBe(false);
    expect(adapterFor('openai').classify({ body: found!.body }, WALL)).toMatchObject(expected);
  });

  it('beside content is reported separately (github.com/maximhq/bifrost/issues/5425, 2026-07-21)', () => {
    expect(readEmbeddedError(choice({ finish_reason: 'error' }, '{"events": ['))?.besideContent).toBe(true);
  });

  it.each([
    ['an answer', choice({ finish_reason: 'stop' }, 'x')],
    ['an empty answer', choice({ finish_reason: 'stop' })],
    ['MiniMax, that goes well', { choices: [], base_resp: { status_code: 0, status_msg: '' } }],
    ['counted tokens', { input_tokens: 5 }],
    ['a moderation', { id: 'modr-1', model: 'm', results: [{ flagged: false }] }],
    ['a transcript that is empty', { text: '' }],
    ['a message without content', { type: 'message', content: [], stop_reason: 'end_turn' }],
    ['a response in progress', { object: 'response', status: 'in_progress', error: null, output: [] }],
    ['an error of the application’s own', { error: { mine: true } }],
    ['a list', []],
  ])('is not %s', (_name, body) => {
    expect(readEmbeddedError(body)).toBeUndefined();
  });
});

describe('an error inside a stream', () => {
  it.each([
    [{ choices: [{ index: 0, delta: { content: '' }, finish_reason: 'error' }] }],
    [{ choices: [{ index: 0, delta: {}, finish_reason: 'stop', native_finish_reason: 'error' }] }],
  ])('is the reason for its end', (chunk) => {
    for (const begun of [false, true]) {
      const reader = adapterFor('openrouter').streamReader();
      if (begun) reader.read(null, JSON.stringify({ choices: [{ index: 0, delta: { content: 'x' } }] }));
      expect(reader.read(null, JSON.stringify(chunk)).kind).toBe('error');
    }
  });
});
