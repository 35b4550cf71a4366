import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { ENTERED, enter } from '../helpers/entrances.ts';
import type { Reply } from '../helpers/fake-fetch.ts';
import type { SdkCase } from '../helpers/sdk-matrix.ts';

/** An answer that counts this many input tokens, under a limit of 50,000 a minute. */
function counted({ family, completion }: SdkCase, inputTokens: number): Reply {
  const { usage } = completion as { usage: Record<string, number> };
  const told =
    family === 'anthropic'
      ? { ...usage, input_tokens: inputTokens }
      : { ...usage, prompt_tokens: inputTokens, total_tokens: inputTokens + 7 };
  const prefix = family === 'anthropic' ? 'anthropic-ratelimit-input-tokens-' : 'x-ratelimit-';
  const suffix = family === 'anthropic' ? '' : '-tokens';
  return () =>
    Response.json(
      { ...completion, usage: told },
      { headers: { [`${prefix}limit${suffix}`]: '50000', [`${prefix}remaining${suffix}`]: '50000' } },
    );
}

const user = (content: unknown): object => ({ messages: [{ role: 'user', content }] });
const pdf = { type: 'base64', media_type: 'application/pdf', data: randomBytes(17_000).toString('base64') };
const DOCUMENT = {
  openai: user([{ type: 'file', file: { filename: 'a.pdf', file_data: `data:application/pdf;base64,${pdf.data}` } }]),
  anthropic: user([{ type: 'document', source: pdf }]),
  groq: user([{ type: 'document', document: { data: pdf.data } }]),
};

describe.each(ENTERED)('$sdk.name, $entrance', ({ sdk, entrance }) => {
  it.each([
    ['a document of 17 kB that counts for 28,000 tokens', DOCUMENT[sdk.family], 28_000],
    ['a word that counts for 20,000 tokens', user('hi'), 20_000],
  ])('sends text of 19 kB after %s', async (_words, first, tokens) => {
    const replies = [counted(sdk, tokens), counted(sdk, 5_000)] as const;
    const { client, clock, requests } = enter(entrance, sdk, {}, ...replies);
    await Promise.all([sdk.create(client, undefined, first), clock.advance(60_000)]);
    const startedAt = clock.now();
    for (let call = 0; call < 3; call++) {
      await Promise.all([sdk.create(client, undefined, user('all of it '.repeat(1_900))), clock.advance(1_000)]);
    }
    expect(requests).toHaveLength(4);
    expect(clock.now() - startedAt).toBe(3_000);
  });

  it('sends 800 kB of encoded bytes, of which the text is short', async () => {
    const { client, clock, requests } = enter(entrance, sdk, {}, counted(sdk, 2_000));
    await Promise.all([sdk.create(client), clock.advance(60_000)]);
    const part = { type: 'image_generation_call', id: 'ig_1', result: randomBytes(600_000).toString('base64') };
    await Promise.all([sdk.create(client, undefined, user([part])), clock.advance(60_000)]);
    const state = { type: 'text', text: randomBytes(600_000).toString('base64') };
    await Promise.all([sdk.create(client, undefined, user([state])), clock.advance(60_000)]);
    expect(requests).toHaveLength(3);
  });
});

describe.each(ENTERED.filter(({ family }) => family === 'openai'))('$sdk.name, $entrance', ({ sdk, entrance }) => {
  it('sends what follows a long response', async () => {
    const usage = { input_tokens: 28_000, output_tokens: 7, total_tokens: 28_007 };
    const response = { id: 'resp_1', object: 'response', status: 'completed', model: 'gpt-5', output: [], usage };
    const reply: Reply = () =>
      Response.json(response, {
        headers: { 'x-ratelimit-limit-tokens': '50000', 'x-ratelimit-remaining-tokens': '50000' },
      });
    const { client, clock, requests } = enter(entrance, sdk, {}, reply);
    const ask = (body: object): Promise<unknown> => client.responses.create({ model: 'gpt-5', input: 'hi', ...body });
    await Promise.all([ask({ previous_response_id: 'resp_0' }), clock.advance(60_000)]);
    await Promise.all([ask({ input: 'all of it '.repeat(500) }), clock.advance(60_000)]);
    await Promise.all([ask({ previous_response_id: 'resp_1' }), clock.advance(120_000)]);
    expect(requests).toHaveLength(3);
  });
});
