import type { Operation, OutputType, RequestInfo, RequestLike } from '../../core/provider.ts';
import { identifier } from '../../core/server-text.ts';
import { readEndpoint } from './endpoint.ts';
import { asObject, asText, parseJson } from '../parse/json.ts';
import type { JsonObject } from '../parse/json.ts';
import { asCount } from '../parse/numbers.ts';
import { type Form, isForm } from './form.ts';
import { plainData, plainItems } from './plain-data.ts';
import { type PromptParts, promptInput } from './prompt-input.ts';
import { contentOf } from './request-content.ts';

type Attributes = Record<string, string | number | boolean | readonly string[]>;

/** Operations that generate no tokens: there is no output to reserve. */
const NO_OUTPUT: ReadonlySet<Operation> = new Set(['embeddings', 'moderation', 'count_tokens']);

/** Body fields whose number is safe to record, by their `gen_ai.request.*` suffix. */
const NUMBER_FIELDS: ReadonlySet<string> = new Set([
  'temperature',
  'top_p',
  'frequency_penalty',
  'presence_penalty',
  'seed',
  'top_k',
]);

const NO_INPUT: PromptParts = { input: { inputBytes: 0 }, media: { images: 0, audio: 0, inputBytes: 0 } };

// Levels and tiers are words of the provider's, never text of the caller's.
const LEVEL = /^[a-z][a-z0-9_-]{0,31}$/;

/** Describes a request without its content. Total: an unreadable body is described by its path alone. */
export function describeRequest(request: RequestLike): RequestInfo {
  const endpoint = readEndpoint(request.method, request.path);
  try {
    return describe(endpoint, request, readBody(request.body));
  } catch {
    // A form of another implementation threw. The SDK reads the body next and reports it as usual.
    return describe(endpoint, request, {});
  }
}

function describe(endpoint: ReturnType<typeof readEndpoint>, request: RequestLike, body: JsonObject): RequestInfo {
  const { operation } = endpoint;
  const model = modelName(asText(body['model']) ?? endpoint.model);
  const maxOutputTokens = NO_OUTPUT.has(operation) ? 0 : outputReserve(body);
  const stream =
    request.stream === true || body['stream'] === true || body['stream_format'] === 'sse' || endpoint.stream;
  // Counting tokens is free of the token limits.
  const { input, media } = operation === 'other' || operation === 'count_tokens' ? NO_INPUT : promptInput(body);
  const content = contentOf(operation, body, media);
  const attributes = attributesOf(body);
  const tier = tierOf(body);
  const { api } = endpoint;
  const outputType = endpoint.outputType ?? (operation === 'chat' ? outputTypeOf(body) : undefined);
  if (model === undefined || maxOutputTokens === undefined || tier !== undefined || content) {
    return {
      operation,
      ...(model === undefined ? {} : { model }),
      stream,
      ...(tier === undefined ? {} : { tier }),
      ...(maxOutputTokens === undefined ? {} : { maxOutputTokens }),
      ...input,
      ...(content ? { content } : {}),
      outputType,
      api,
      attributes,
    };
  }
  return { ...input, operation, model, stream, maxOutputTokens, outputType, api, attributes };
}

/** It names lanes and labels and may be user input, so it becomes one line of bounded length. */
function modelName(model: string | undefined): string | undefined {
  if (model === undefined || (model.length <= MAX_MODEL_LENGTH && !CONTROL.test(model))) return model;
  return model.slice(0, MAX_MODEL_LENGTH).replaceAll(CONTROLS, '_');
}

const MAX_MODEL_LENGTH = 256;
const CONTROL = /[\p{Cc}\u2028\u2029]/u;
const CONTROLS = /[\p{Cc}\u2028\u2029]/gu;

function requestedMax(body: JsonObject): number | undefined {
  return (
    asCount(body['max_completion_tokens']) ??
    asCount(body['max_output_tokens']) ??
    asCount(body['max_tokens']) ??
    asCount(body['max_tokens_to_sample'])
  );
}

/** Every choice may use the whole maximum; `best_of` generates more than it returns. */
function outputReserve(body: JsonObject): number | undefined {
  const max = requestedMax(body);
  if (max === undefined) return undefined;
  const reserve = max * Math.max(1, asCount(body['n']) ?? 1, asCount(body['best_of']) ?? 1);
  return Number.isFinite(reserve) ? reserve : max;
}

/** Anthropic's fast mode, or the service tier. */
function tierOf(body: JsonObject): string | undefined {
  const tier = body['speed'] === 'fast' ? 'fast' : body['service_tier'];
  return typeof tier === 'string' && LEVEL.test(tier) ? tier : undefined;
}

/** The kind of output, for APIs that offer a choice. */
function outputTypeOf(body: JsonObject): OutputType | undefined {
  const modalities = body['modalities'];
  if (modalities !== undefined) {
    const asked = plainItems(modalities, MAX_ITEMS);
    if (asked.includes('audio')) return 'speech';
    if (asked.includes('image')) return 'image';
  }
  const format =
    plainData(body['response_format']) ??
    plainData(plainData(body['text'])?.['format']) ??
    plainData(plainData(body['output_config'])?.['format']);
  switch (format?.['type']) {
    case 'text':
      return 'text';
    case 'json_object':
    case 'json_schema':
      return 'json';
    default:
      return undefined;
  }
}

/** No API accepts more stop sequences, and longer ones are not worth recording. */
const MAX_ITEMS = 16;
const MAX_STOP_LENGTH = 64;

function stopSequences(body: JsonObject): string[] {
  const stop = body['stop'] ?? body['stop_sequences'];
  if (stop === undefined) return [];
  return (typeof stop === 'string' ? [stop] : plainItems(stop, MAX_ITEMS))
    .filter((each) => typeof each === 'string')
    .map((each) => each.slice(0, MAX_STOP_LENGTH));
}

function attributesOf(body: JsonObject): Attributes {
  const attributes: Attributes = {};
  const max = requestedMax(body);
  if (max !== undefined) attributes['max_tokens'] = max;
  for (const field in body) {
    const value = body[field];
    if (typeof value === 'number' && NUMBER_FIELDS.has(field) && Number.isFinite(value)) attributes[field] = value;
  }
  const choices = asCount(body['n']);
  if (choices !== undefined && choices !== 1) attributes['choice.count'] = choices;
  const level =
    body['reasoning_effort'] ??
    plainData(body['reasoning'])?.['effort'] ??
    plainData(body['output_config'])?.['effort'];
  if (typeof level === 'string' && LEVEL.test(level)) attributes['reasoning.level'] = level;
  const stops = stopSequences(body);
  if (stops.length > 0) attributes['stop_sequences'] = stops;
  const previous = identifier(body['previous_response_id']);
  if (previous !== undefined) attributes['previous_response.id'] = previous;
  return attributes;
}

/** Own data of objects, parsed JSON text, text fields of forms. Streams and bytes stay unread. */
function readBody(body: unknown): JsonObject {
  if (typeof body === 'string') return asObject(parseJson(body)) ?? {};
  if (typeof body !== 'object' || body === null || ArrayBuffer.isView(body)) return {};
  return isForm(body) ? readForm(body) : (plainData(body) ?? {});
}

const FORM_NUMBERS = new Set(['n', 'temperature']);

function readForm(form: Form): JsonObject {
  const fields: Record<string, unknown> = {};
  for (const name of ['model', 'prompt', 'stream', ...FORM_NUMBERS]) {
    const value = form.get(name);
    if (typeof value !== 'string' || value === '') continue;
    fields[name] = FORM_NUMBERS.has(name) ? Number(value) : name === 'stream' ? value === 'true' : value;
  }
  // Uploads stay unread; their presence means that tokens are not only in the text.
  for (const name of ['file', 'image']) if (form.has(name)) fields[name] = true;
  return fields;
}
