import type { Content, Contents } from '../../core/content-kinds.ts';
import type { Operation } from '../../core/provider.ts';
import { asText, type JsonObject } from '../parse/json.ts';
import { asCount } from '../parse/numbers.ts';
import { plainData, plainItems } from './plain-data.ts';

/** A prompt is long where Anthropic's limits of long contexts begin. */
const LONG_TOKENS = 200_000;
const BYTES_PER_TOKEN = 4;

const TOOLS: readonly (readonly [type: RegExp, content: Content])[] = [
  [/^(?:function|custom)$/, 'serverTools'],
  [/web_search|google_search|grounding/, 'webSearches'],
  [/^image_generation/, 'images'],
];

/** Findings of a walk over the prompt. */
export interface PromptMedia {
  readonly images: number;
  readonly audio: number;
  readonly inputBytes: number;
}

/** What a request uses of limits other than requests and tokens; undefined for most. */
export function contentOf(operation: Operation, body: JsonObject, media: PromptMedia): Contents | undefined {
  if (operation === 'count_tokens' || !mayHaveContent(operation, body, media)) return undefined;
  const found: Partial<Record<Content, number>> = {};
  const add = (content: Content, amount: number): void => {
    found[content] = (found[content] ?? 0) + amount;
  };
  if (operation === 'image') add('images', asCount(body['n']) ?? 1);
  const images = media.images + (operation === 'image' && isGiven(body['image']) ? countOf(body['image']) : 0);
  if (images > 0) add('inputImages', images);
  if (operation === 'audio' || media.audio > 0) add('audioSeconds', 0);
  if (media.inputBytes > LONG_TOKENS * BYTES_PER_TOKEN) add('longInput', media.inputBytes / BYTES_PER_TOKEN);
  if (isGiven(body['web_search_options'])) add('webSearches', 1);
  for (const tool of toolTypes(body['tools'])) {
    const content = TOOLS.find(([type]) => type.test(tool))?.[1];
    if (content === undefined) add('serverTools', 1);
    else if (content !== 'serverTools') add(content, 1);
  }
  for (const _ in found) return found;
  return undefined;
}

/** False for plain text, which most requests are. */
function mayHaveContent(operation: Operation, body: JsonObject, { images, audio, inputBytes }: PromptMedia): boolean {
  return (
    images > 0 ||
    audio > 0 ||
    inputBytes > LONG_TOKENS * BYTES_PER_TOKEN ||
    operation === 'image' ||
    operation === 'audio' ||
    body['tools'] !== undefined ||
    body['web_search_options'] !== undefined
  );
}

function toolTypes(tools: unknown): string[] {
  return plainItems(tools)
    .map((tool) => asText(plainData(tool)?.['type']))
    .filter((type) => type !== undefined);
}

function countOf(image: unknown): number {
  return Array.isArray(image) ? image.length : 1;
}

function isGiven(value: unknown): boolean {
  return value !== undefined && value !== null && value !== false;
}
