import type { JsonObject } from '../json.ts';
import { asString } from '../json.ts';
import type { SimulatorProvider } from '../limits/limit-rules.ts';
import { randomId } from '../random.ts';
import { type FileContents, OpenAIBatches } from './openai-batches.ts';
import { cursorPage } from './cursor-page.ts';
import { MessageBatches } from './message-batches.ts';
import type { Work, WorkContext } from './work.ts';
import { BadRequest, created, NotFound, unlimited } from './work.ts';

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

/** Uploaded files and batches, which can be listed. Only files for and from batches keep their content. */
export class Store implements FileContents {
  readonly openaiBatches: OpenAIBatches = new OpenAIBatches(this);
  readonly messageBatches: MessageBatches = new MessageBatches();
  #files: JsonObject[] = [];
  readonly #contents = new Map<string, Uint8Array>();

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
    if (info.purpose === 'batch') this.#contents.set(info.id, file);
    return unlimited(info);
  }

  contentOf(id: string): Uint8Array | undefined {
    return this.#contents.get(id);
  }

  /** Stores a batch's output. @returns The file's id. */
  addOutput(context: WorkContext, text: string): string {
    const content = Buffer.from(text);
    const id = `file-${randomId(context.random, 22)}`;
    const named = { filename: `${id}.jsonl`, purpose: 'batch_output', status: 'processed', expires_at: null };
    this.#files.unshift({ id, object: 'file', bytes: content.length, created_at: created(context), ...named });
    this.#contents.set(id, content);
    return id;
  }

  getContent(id: string): Work {
    const content = this.#contents.get(id);
    if (!content) throw new NotFound(`No such File object: ${id}`);
    return { ...unlimited(Buffer.from(content)), contentType: 'application/octet-stream' };
  }

  listFiles(query: URLSearchParams): Work {
    return unlimited({ object: 'list', ...cursorPage(this.#files, query, 'after', 'before') });
  }

  getFile(id: string): Work {
    const file = this.#files.find((each) => each.id === id);
    if (!file) throw new NotFound(`No such File object: ${id}`);
    return unlimited(file);
  }

  deleteFile(id: string): Work {
    this.getFile(id);
    this.#files = this.#files.filter((each) => each.id !== id);
    this.#contents.delete(id);
    return unlimited({ id, object: 'file', deleted: true });
  }
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
