import { asObject } from '../parse/json.ts';
import type { JsonObject } from '../parse/json.ts';

/** What one image, file or recording counts for: about 1,000 tokens at four bytes each. */
export const MEDIA_BYTES = 4_000;
/** An image of `detail: 'low'` costs 85 tokens. */
const LOW_DETAIL_BYTES = 340;
/** A prompt may be given as token ids. */
const BYTES_PER_TOKEN_ID = 4;

/** Fields of request bodies that the provider turns into input tokens. */
const PROMPT_FIELDS = [
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
] as const;

const MEDIA_TYPES = new Set([
  'image',
  'image_url',
  'input_image',
  'input_audio',
  'audio',
  'file',
  'input_file',
  'document',
  'video',
  'container_upload',
]);

/** Ids, signatures and media references: no prompt text, or counted by their part. */
const SKIPPED_KEYS = new Set([
  'signature',
  'id',
  'call_id',
  'tool_call_id',
  'tool_use_id',
  'cache_control',
  'type',
  'role',
]);

// Visits stop here: a body beyond it is estimated from its beginning, and a cycle cannot hang the caller.
const MAX_VISITS = 100_000;

/** UTF-8 bytes of the prompt text in a request body; media count as MEDIA_BYTES each. Nothing is serialized. */
export function promptBytes(body: JsonObject): number {
  const walk = new Walk();
  for (const field of PROMPT_FIELDS) {
    const value = body[field];
    if (value !== undefined && value !== null) walk.add(value);
  }
  return walk.bytes;
}

class Walk {
  bytes = 0;
  #visits = 0;

  add(root: unknown): void {
    const stack: unknown[] = [root];
    while (stack.length > 0 && this.#visits < MAX_VISITS) {
      this.#visits += 1;
      const value = stack.pop();
      if (typeof value === 'string') this.bytes += textBytes(value);
      else if (Array.isArray(value)) this.#addArray(value, stack);
      else if (typeof value === 'number' || typeof value === 'boolean') this.bytes += 4;
      else if (typeof value === 'object' && value !== null) this.#addObject(value as JsonObject, stack);
    }
  }

  #addArray(values: readonly unknown[], stack: unknown[]): void {
    if (typeof values[0] === 'number') {
      this.bytes += values.length * BYTES_PER_TOKEN_ID;
      return;
    }
    for (const value of values) stack.push(value);
  }

  #addObject(object: JsonObject, stack: unknown[]): void {
    const { type } = object;
    if (typeof type === 'string' && MEDIA_TYPES.has(type) && !isTextDocument(object)) {
      this.bytes += mediaBytes(object);
      return;
    }
    if (ArrayBuffer.isView(object)) return;
    for (const key in object) {
      if (SKIPPED_KEYS.has(key)) continue;
      const value = object[key];
      // Keys are prompt text only in schemas and tool arguments, where they stand beside values worth counting.
      this.bytes += key.length;
      if (value !== null && value !== undefined) stack.push(value);
    }
  }
}

function textBytes(text: string): number {
  return text.startsWith('data:') && text.includes(';base64,') ? MEDIA_BYTES : Buffer.byteLength(text);
}

function isTextDocument(object: JsonObject): boolean {
  const source = asObject(object['source'])?.['type'];
  return object['type'] === 'document' && (source === 'text' || source === 'content');
}

function mediaBytes(object: JsonObject): number {
  const detail = object['detail'] ?? asObject(object['image_url'])?.['detail'];
  return detail === 'low' ? LOW_DETAIL_BYTES : MEDIA_BYTES;
}
