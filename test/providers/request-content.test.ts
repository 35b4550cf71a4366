import { expect, it } from 'vitest';
import { CONTENT_KINDS, CONTENT_DIMENSIONS, type Content } from '../../src/core/content-kinds.ts';
import { contentOf } from '../../src/providers/request/request-content.ts';

const TEXT = { images: 0, audio: 0, inputBytes: 100 };

/** A request for each kind of content; the compiler demands one for a new kind. */
const REQUESTS: Readonly<Record<Content, Parameters<typeof contentOf>>> = {
  images: ['image', { n: 2 }, TEXT],
  inputImages: ['chat', {}, { ...TEXT, images: 3 }],
  audioSeconds: ['audio', {}, TEXT],
  longInput: ['chat', {}, { ...TEXT, inputBytes: 1_000_000 }],
  webSearches: ['chat', { web_search_options: {} }, TEXT],
  serverTools: ['chat', { tools: [{ type: 'code_interpreter' }] }, TEXT],
};

it.each(CONTENT_DIMENSIONS)('a limit on %s applies to a request that has some', (dimension) => {
  const { content } = CONTENT_KINDS[dimension];
  expect(contentOf(...REQUESTS[content])).toHaveProperty(content);
});

it('plain text has none', () => {
  expect(contentOf('chat', {}, TEXT)).toBeUndefined();
});
