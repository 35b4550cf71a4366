import { numberText, parseExact } from './exact-numbers.ts';
import { columnsOf, type InputRow, type RowFormat } from './input-rows.ts';
import type { BatchApi } from './target.ts';

const JSON_FILE = /\.(?:json|jsonl|ndjson)$/i;

/** A placeholder for a member of the row. */
const PLACE = /\{\{\s*([^{}]+?)\s*\}\}/g;

/** Names of the members that a template places. */
export const placesOf = (template: string): string[] => Array.from(template.matchAll(PLACE), ([, name]) => name!);

/** What a prompt is called in a template. */
export const PROMPT_PLACES: ReadonlySet<string> = new Set(['text', 'prompt']);

/** A request to send. */
export interface Row {
  readonly id: string;
  readonly line: number;
  /** Path of the API, with its version. */
  readonly url: string;
  readonly body: Readonly<Record<string, unknown>>;
}

/** Settings that turn a prompt into a request. */
export interface PromptSettings {
  readonly api: BatchApi;
  readonly model: string | undefined;
  readonly system: string | undefined;
  readonly template: string | undefined;
  readonly schema: unknown;
  readonly maxTokens: number | undefined;
}

/** A row that cannot be sent; the message says why without its content. */
export class BadRow extends Error {}

/**
 * Detects the format by the first line: batch lines of OpenAI, Azure and Groq, those of Anthropic, other objects, a CSV header with
 * the template's columns, or prompts.
 */
export function detectFormat(text: string, path: string, template: string | undefined): RowFormat {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    if (/\.[ct]sv$/i.test(path)) return 'csv';
    // A file named as JSON that is not JSON lines, such as an array over several lines, is not a list of prompts.
    if (JSON_FILE.test(path)) return 'jsonl';
    const columns = columnsOf(text) ?? [];
    const wanted = placesOf(template ?? '');
    return columns.length > 1 && wanted.length > 0 && wanted.every((name) => columns.includes(name))
      ? 'csv'
      : 'prompts';
  }
  if (!isObject(value)) return JSON_FILE.test(path) ? 'jsonl' : 'prompts';
  if (isObject(value['params'])) return 'anthropic';
  return isObject(value['body']) ? 'openai' : 'jsonl';
}

/** @throws BadRow */
export function parseRow(input: InputRow, format: RowFormat, settings: PromptSettings): Row {
  if ('problem' in input) throw new BadRow(input.problem);
  const { line } = input;
  if ('record' in input) return dataRow(input.record, line, settings);
  const { text } = input;
  if (format === 'prompts') {
    const filled = settings.template === undefined ? text : fill(settings.template, { text, prompt: text });
    return { id: String(line), line, ...promptRequest(filled, settings) };
  }
  const row = parseObject(text);
  const id = idOf(row['custom_id'], line);
  switch (format) {
    case 'openai': {
      const { url, body, method } = row;
      if (method !== undefined && method !== 'POST') throw new BadRow('expected "method" to be "POST"');
      if (typeof url !== 'string' || !/^\/[^/]/.test(url))
        throw new BadRow('expected "url" to be a path such as "/v1/responses"');
      return { id, line, url, body: requestBody(body, 'body') };
    }
    case 'anthropic':
      return { id, line, url: '/v1/messages', body: requestBody(row['params'], 'params') };
    case 'jsonl':
    case 'csv':
      return dataRow(row, line, settings);
  }
}

function dataRow(row: Readonly<Record<string, unknown>>, line: number, settings: PromptSettings): Row {
  if (settings.template === undefined) {
    throw new BadRow('a row of data needs --template, such as "Classify: {{text}}"');
  }
  const id = idOf(row['custom_id'] ?? row['id'], line);
  return { id, line, ...promptRequest(fill(settings.template, row), settings) };
}

function idOf(value: unknown, line: number): string {
  if (value === undefined) return String(line);
  const number = numberText(value);
  if (number !== undefined) return number;
  if (typeof value !== 'string' || value === '') throw new BadRow('expected "custom_id" to be text');
  return value;
}

function requestBody(value: unknown, name: string): Record<string, unknown> {
  if (!isObject(value)) throw new BadRow(`expected "${name}" to be an object`);
  if (value['stream'] === true) throw new BadRow('"stream" has no place in a batch');
  return value;
}

function parseObject(text: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = parseExact(text);
  } catch {
    throw new BadRow('not JSON');
  }
  if (!isObject(value)) throw new BadRow('expected a JSON object');
  return value;
}

/** Fills a row's members into the template. */
function fill(template: string, row: Readonly<Record<string, unknown>>): string {
  return template.replaceAll(PLACE, (_match, name: string) => {
    const value = memberOf(row, name);
    if (value === undefined || value === null) throw new BadRow(`has no "${name}" for the template`);
    return typeof value === 'string' ? value : JSON.stringify(value);
  });
}

/** `user.name` is a member of that name, else the name of the user. */
function memberOf(row: Readonly<Record<string, unknown>>, name: string): unknown {
  if (Object.hasOwn(row, name)) return row[name];
  let value: unknown = row;
  for (const part of name.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, part)) return undefined;
    value = (value as Readonly<Record<string, unknown>>)[part];
  }
  return value;
}

function promptRequest(prompt: string, settings: PromptSettings): Pick<Row, 'url' | 'body'> {
  const { api, model, system, schema, maxTokens } = settings;
  if (model === undefined) throw new BadRow('a prompt needs --model');
  const user = { role: 'user', content: prompt };
  if (api === 'anthropic') {
    const format = schema === undefined ? undefined : { output_config: { format: { type: 'json_schema', schema } } };
    const body = {
      model,
      max_tokens: maxTokens ?? 1024,
      ...(system !== undefined && { system: kept(system) }),
      messages: [user],
      ...format,
    };
    return { url: '/v1/messages', body };
  }
  const messages = system === undefined ? [user] : [{ role: 'system', content: system }, user];
  const limit = maxTokens === undefined ? undefined : { max_completion_tokens: maxTokens };
  const format =
    schema === undefined
      ? undefined
      : { response_format: { type: 'json_schema', json_schema: { name: 'answer', strict: true, schema } } };
  return { url: '/v1/chat/completions', body: { model, messages, ...limit, ...format } };
}

/** A long system prompt is worth caching for the other rows: Anthropic caches what is marked. */
function kept(system: string): unknown {
  if (system.length < CACHED_CHARS) return system;
  return [{ type: 'text', text: system, cache_control: { type: 'ephemeral' } }];
}

/** About a thousand tokens; Anthropic's minimum is 1,024 or more, and shorter marks are ignored. */
const CACHED_CHARS = 4_096;

export function isObjectLine(text: string): boolean {
  try {
    return isObject(JSON.parse(text));
  } catch {
    return false;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
