import { HIDDEN_INPUTS, type HiddenInput } from '../../core/provider.ts';
import type { RequestInfo } from '../../core/provider.ts';
import { asText } from '../parse/json.ts';
import type { JsonObject } from '../parse/json.ts';
import { mediaOfUrl, isOpaque } from './opaque-text.ts';
import type { PromptMedia } from './request-content.ts';
import { dataOf, isReadable, plainData, plainItems } from './plain-data.ts';

/** An image of `detail: 'low'` costs 85 tokens, others about 1,000. */
const LOW_DETAIL = 0.085;
/** A prompt may be given as token ids. */
const BYTES_PER_TOKEN_ID = 4;

/** Fields of request bodies that the provider turns into input tokens. */
const PROMPT_FIELDS: ReadonlySet<string> = new Set([
  'messages',
  'input',
  'prompt',
  'instructions',
  'system',
  'tools',
  'functions',
  'response_format',
  'text',
  'output_config',
  'suffix',
]);

/** Parts of a prompt whose tokens are not in their bytes, by their `type`. */
const PARTS: Readonly<Record<string, HiddenInput>> = {
  image: 'image',
  image_url: 'image',
  input_image: 'image',
  computer_screenshot: 'image',
  image_generation_call: 'image',
  input_audio: 'audio',
  audio: 'audio',
  file: 'document',
  input_file: 'document',
  document: 'document',
  video: 'document',
  video_url: 'document',
  container_upload: 'document',
  redacted_thinking: 'reasoning',
  compaction: 'reasoning',
};

/** Fields that refer to input that the provider keeps or fetches. */
const FIELDS: ReadonlyMap<string, HiddenInput> = new Map([
  ['previous_response_id', 'previous_response'],
  ['conversation', 'previous_response'],
  ['container', 'server_tools'],
  ['web_search_options', 'server_tools'],
  ['mcp_servers', 'server_tools'],
  ['plugins', 'server_tools'],
  ['file', 'document'],
  ['image', 'image'],
]);

/** Tools that the application runs itself: their text is in the request. */
const OWN_TOOLS = new Set(['function', 'custom']);

/** Ids, signatures and media references: no prompt text, or counted by their part. */
const SKIPPED_KEYS = new Set(['signature', 'id', 'call_id', 'tool_call_id', 'tool_use_id', 'type', 'role']);

// Maximum visits: a larger body is estimated from its beginning, and a cycle cannot hang the caller.
const MAX_VISITS = 100_000;

export type PromptInput = Pick<RequestInfo, 'inputBytes' | 'hidden' | 'cached'>;

/** Prompt bytes and kinds of media. */
export interface PromptParts {
  readonly input: PromptInput;
  readonly media: PromptMedia;
}

/**
 * UTF-8 bytes of the prompt text in a request body, and its other input. Nothing is serialized, and no
 * code of the caller is run.
 */
export function promptInput(body: JsonObject): PromptParts {
  const walk = new Walk();
  for (const field in body) {
    const value = body[field];
    if (value === undefined || value === null) continue;
    if (PROMPT_FIELDS.has(field)) walk.add(value);
    const hidden = FIELDS.get(field);
    if (hidden) walk.hide(hidden, 1);
  }
  if (asText(plainData(body['prompt'])?.['id']) !== undefined) walk.hide('stored_prompt', 1);
  for (const tool of plainItems(body['tools'])) {
    const type = asText(plainData(tool)?.['type']);
    if (type !== undefined && !OWN_TOOLS.has(type)) walk.hide('server_tools', 1);
  }
  if (body['cache_control'] !== undefined) walk.cached = true;
  return { input: walk.found(), media: walk.media() };
}

class Walk {
  cached = false;
  #bytes = 0;
  #parts = 0;
  #images = 0;
  #audio = 0;
  /** Index of the least predictable kind so far. */
  #kind: number = HIDDEN_INPUTS.length;
  #visits = 0;

  media(): PromptMedia {
    return { images: this.#images, audio: this.#audio, inputBytes: this.#bytes };
  }

  found(): PromptInput {
    const kind = HIDDEN_INPUTS[this.#kind];
    if (kind === undefined && !this.cached) return { inputBytes: this.#bytes };
    return {
      inputBytes: this.#bytes,
      ...(kind === undefined ? {} : { hidden: { kind, parts: this.#parts } }),
      ...(this.cached ? { cached: true } : {}),
    };
  }

  hide(kind: HiddenInput, parts: number): void {
    this.#parts += parts;
    this.#kind = Math.min(this.#kind, HIDDEN_INPUTS.indexOf(kind));
  }

  add(root: unknown): void {
    const stack: unknown[] = [root];
    while (stack.length > 0 && this.#visits < MAX_VISITS) {
      this.#visits += 1;
      const value = stack.pop();
      if (typeof value === 'string') this.#addText(value);
      else if (typeof value === 'number' || typeof value === 'boolean') this.#bytes += 4;
      else if (typeof value !== 'object' || value === null) continue;
      else if (!isReadable(value)) this.hide('opaque', 1);
      else if (Array.isArray(value)) this.#addArray(value, stack);
      else this.#addObject(value, stack);
    }
  }

  #hideMedia(kind: HiddenInput, parts: number): void {
    if (kind === 'image') this.#images++;
    if (kind === 'audio') this.#audio++;
    this.hide(kind, parts);
  }

  #addText(text: string): void {
    const media = mediaOfUrl(text);
    if (media) this.#hideMedia(media, 1);
    else if (isOpaque(text)) this.hide('opaque', 1);
    else this.#bytes += Buffer.byteLength(text);
  }

  #addArray(values: readonly unknown[], stack: unknown[]): void {
    if (typeof dataOf(values, 0) === 'number') {
      this.#bytes += values.length * BYTES_PER_TOKEN_ID;
      return;
    }
    for (const value of plainItems(values, MAX_VISITS - this.#visits)) stack.push(value);
  }

  #addObject(object: object, stack: unknown[]): void {
    const cacheControl = dataOf(object, 'cache_control');
    if (cacheControl !== undefined && cacheControl !== null) this.cached = true;
    const type = dataOf(object, 'type');
    const part = typeof type === 'string' && Object.hasOwn(PARTS, type) ? PARTS[type] : undefined;
    if (part && !isTextDocument(object)) {
      this.#hideMedia(part, isLowDetail(object) ? LOW_DETAIL : 1);
      return;
    }
    if (ArrayBuffer.isView(object)) return;
    for (const key in object) {
      if (SKIPPED_KEYS.has(key) || key === 'cache_control') continue;
      const value = Object.getOwnPropertyDescriptor(object, key)?.value as unknown;
      if (key === 'encrypted_content') {
        if (value !== null && value !== undefined) this.hide('reasoning', 1);
        continue;
      }
      // Keys are prompt text only in schemas and tool arguments, where they stand beside values worth counting.
      this.#bytes += key.length;
      if (value !== null && value !== undefined) stack.push(value);
    }
  }
}

function isTextDocument(object: object): boolean {
  const source = plainData(dataOf(object, 'source'))?.['type'];
  return dataOf(object, 'type') === 'document' && (source === 'text' || source === 'content');
}

function isLowDetail(object: object): boolean {
  return (dataOf(object, 'detail') ?? plainData(dataOf(object, 'image_url'))?.['detail']) === 'low';
}
