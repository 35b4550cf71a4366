import type { IncomingMessage } from 'node:http';
import type { JsonObject } from '../json.ts';
import { BadRequest } from '../apis/work.ts';

/** Larger bodies are refused; Anthropic's own limit is 32 MB, the others take more. */
const MAX_BODY_BYTES = 64 * 1_048_576;
/** Maximum for batches: OpenAI takes files of 200 MB, Anthropic 256 MB. */
const MAX_BATCH_BYTES = 300 * 1_048_576;
const HOLDS_BATCH = /\/(?:files|messages\/batches)\/?(?:\?|$)/;

export class TooLarge extends BadRequest {}

/** Reads a body to its end; undefined if it is too large. Rejects if the client disconnects. */
export async function readBody(request: IncomingMessage): Promise<Buffer<ArrayBuffer> | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  const most = HOLDS_BATCH.test(request.url ?? '') ? MAX_BATCH_BYTES : MAX_BODY_BYTES;
  // The connection stays for the answer.
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > most) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** JSON, or a form's fields with the file's bytes under `file` and its name under `filename`. */
export async function parseBody(bytes: Buffer<ArrayBuffer>, contentType: string): Promise<JsonObject> {
  if (bytes.length === 0) return {};
  if (contentType.startsWith('multipart/form-data')) return parseForm(bytes, contentType);
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString('utf8'));
  } catch {
    throw new BadRequest('We could not parse the JSON body of your request.');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new BadRequest('Expected the body to be a JSON object.');
  }
  return value as JsonObject;
}

async function parseForm(bytes: Buffer<ArrayBuffer>, contentType: string): Promise<JsonObject> {
  let form: FormData;
  try {
    form = await new Response(bytes, { headers: { 'content-type': contentType } }).formData();
  } catch {
    throw new BadRequest('We could not parse the form of your request.');
  }
  const fields: Record<string, unknown> = {};
  for (const [name, value] of form) {
    if (typeof value === 'string') fields[name] = value;
    else {
      fields[name] = new Uint8Array(await value.arrayBuffer());
      fields.filename = value.name;
    }
  }
  return fields;
}
