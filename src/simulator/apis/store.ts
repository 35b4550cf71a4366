import type { JsonObject } from '../json.ts';
import { asArray, asObject, asString } from '../json.ts';
import type { SimulatorProvider } from '../limits/limit-rules.ts';
import { BATCHES_POOL } from '../limits/pool.ts';
import { randomId } from '../random.ts';
import { messageFor } from './messages.ts';
import type { Work, WorkContext } from './work.ts';
import { BadRequest, created, NO_USAGE, NotFound } from './work.ts';

const MODELS: Readonly<Record<SimulatorProvider, readonly string[]>> = {
  openai: ['gpt-4o', 'gpt-4o-mini', 'gpt-5-mini', 'gpt-6-luna', 'text-embedding-3-small', 'whisper-1'],
  azure: ['gpt-4o', 'gpt-4o-mini'],
  anthropic: [
    'claude-opus-5',
    'claude-sonnet-5',
    'claude-fable-5',
    'claude-opus-4-6',
    'claude-sonnet-4-6',
    'claude-haiku-4-5',
  ],
  groq: ['openai/gpt-oss-120b', 'openai/gpt-oss-20b', 'qwen/qwen3.8-27b', 'whisper-large-v3-turbo'],
};

/** Page size when a list request names none. */
const PAGE = 20;

interface Batch {
  readonly info: JsonObject;
  readonly results: readonly JsonObject[];
}

/** What was put on the server and can be listed: files (their names and sizes only) and batches. */
export class Store {
  readonly #files: JsonObject[] = [];
  readonly #batches = new Map<string, Batch>();

  listModels(context: WorkContext, query: URLSearchParams): Work {
    const names = MODELS[context.provider];
    if (context.provider === 'anthropic') {
      const all = names.map((id) => anthropicModel(id));
      return unlimited(cursorPage(all, query, 'after_id', 'before_id'));
    }
    return unlimited({ object: 'list', data: names.map((id) => openaiModel(id, context.provider)) });
  }

  getModel(context: WorkContext, id: string): Work {
    if (!MODELS[context.provider].includes(id)) throw new NotFound(`The model '${id}' does not exist`);
    return unlimited(context.provider === 'anthropic' ? anthropicModel(id) : openaiModel(id, context.provider));
  }

  /** @param fields Of the multipart form. */
  addFile(context: WorkContext, fields: JsonObject): Work {
    const { file } = fields;
    if (!(file instanceof Uint8Array)) throw new BadRequest("Missing required parameter: 'file'.", 'file');
    const info = {
      id: `file-${randomId(context.random, 22)}`,
      object: 'file',
      bytes: file.length,
      created_at: created(context),
      filename: asString(fields.filename) || 'file',
      purpose: asString(fields.purpose) || 'user_data',
      status: 'processed',
      expires_at: null,
    };
    this.#files.unshift(info);
    return unlimited(info);
  }

  listFiles(query: URLSearchParams): Work {
    return unlimited({ object: 'list', ...cursorPage(this.#files, query, 'after', 'before') });
  }

  getFile(id: string): Work {
    const file = this.#files.find((each) => each.id === id);
    if (!file) throw new NotFound(`No such File object: ${id}`);
    return unlimited(file);
  }

  /** A message batch, which has ended by the time it is asked for. Only its answers are kept. */
  addBatch(context: WorkContext, body: JsonObject, origin: string): Work {
    const requests = asArray(body.requests).map(asObject);
    if (requests.length === 0) throw new BadRequest('at least one request is required', 'requests');
    const id = `msgbatch_01${randomId(context.random, 22)}`;
    const date = new Date(context.wallMs);
    const results = requests.map((request) => {
      const params = asObject(request.params);
      const message = messageFor(params, asString(params.model), context);
      return { custom_id: request.custom_id, result: { type: 'succeeded', message } };
    });
    const info = {
      id,
      type: 'message_batch',
      processing_status: 'in_progress',
      request_counts: { processing: requests.length, succeeded: 0, errored: 0, canceled: 0, expired: 0 },
      ended_at: null,
      created_at: date.toISOString(),
      expires_at: new Date(context.wallMs + 86_400_000).toISOString(),
      archived_at: null,
      cancel_initiated_at: null,
      results_url: null,
    };
    const ended = {
      ...info,
      processing_status: 'ended',
      request_counts: { ...info.request_counts, processing: 0, succeeded: requests.length },
      ended_at: date.toISOString(),
      results_url: `${origin}/v1/messages/batches/${id}/results`,
    };
    this.#batches.set(id, { info: ended, results });
    return {
      ...unlimited(info),
      model: BATCHES_POOL,
      cost: { inputTokens: 0, cachedTokens: 0, maxOutputTokens: 0 },
    };
  }

  listBatches(query: URLSearchParams): Work {
    const newestFirst = [...this.#batches.values()].map((each) => each.info).reverse();
    return unlimited(cursorPage(newestFirst, query, 'after_id', 'before_id'));
  }

  getBatch(id: string): Work {
    return unlimited(this.#batch(id).info);
  }

  batchResults(id: string): Work {
    const lines = this.#batch(id).results.map((each) => `${JSON.stringify(each)}\n`);
    return { ...unlimited(Buffer.from(lines.join(''))), contentType: 'application/binary' };
  }

  #batch(id: string): Batch {
    const batch = this.#batches.get(id);
    if (!batch) throw new NotFound(`No batch with id ${id}`);
    return batch;
  }
}

function unlimited(body: unknown): Work {
  return { model: '', cost: undefined, usage: NO_USAGE, body: () => body };
}

/** One page of a list whose cursor is an id, in the direction that the query asks for. */
function cursorPage(all: readonly JsonObject[], query: URLSearchParams, after: string, before: string): JsonObject {
  const limit = Math.max(1, Number(query.get('limit') ?? PAGE) || PAGE);
  const at = (name: string): number => all.findIndex((each) => each.id === query.get(name));
  const end = query.has(before) ? Math.max(0, at(before)) : all.length;
  const start = query.has(before) ? Math.max(0, end - limit) : at(after) + 1;
  const data = all.slice(start, Math.min(end, start + limit));
  return {
    data,
    has_more: query.has(before) ? start > 0 : start + data.length < all.length,
    first_id: data[0]?.id ?? null,
    last_id: data.at(-1)?.id ?? null,
  };
}

function openaiModel(id: string, owner: string): JsonObject {
  return { id, object: 'model', created: 1_767_225_600, owned_by: owner };
}

function anthropicModel(id: string): JsonObject {
  return {
    type: 'model',
    id,
    display_name: id,
    created_at: '2026-01-01T00:00:00Z',
    deprecated_at: null,
    retires_at: null,
    lifecycle: 'active',
    line: null,
    capabilities: null,
    max_input_tokens: 200_000,
    max_tokens: 64_000,
  };
}
