import type { Usage } from '../../core/outcome.ts';
import type { ResponseInfo, StreamEvent, StreamReader } from '../../core/provider.ts';
import { asObject, asText, parseJson } from '../parse/json.ts';
import type { JsonObject } from '../parse/json.ts';
import { asCount } from '../parse/numbers.ts';
import { errorOfChoice, hasStopped, STOPPED } from '../errors/embedded-error.ts';
import { AnswerEnd, FINAL_TYPES } from './answer-end.ts';
import { ERROR_FIELD } from './sse-scanner.ts';
import { clippedEvent } from './clipped-event.ts';
import { MAX_REASONS, NO_REASON, openAIResponseInfo, reasonOf } from './response-info.ts';
import { openAIBodyUsage } from './usage.ts';

const CONTENT: StreamEvent = { kind: 'content' };
const PREAMBLE: StreamEvent = { kind: 'preamble' };
const DONE: StreamEvent = { kind: 'done' };

/** Typed events (Responses and others) that come before anything an application could use. */
const PREAMBLE_TYPES = new Set(['response.created', 'response.queued', 'response.in_progress', 'keepalive', 'ping']);

// Once content has arrived, most chunks add nothing. Quotes inside JSON strings are escaped, so these match
// keys only; `"usage":null`, which include_usage puts into every chunk, does not match.
const WORTH_PARSING: RegExp = new RegExp(
  String.raw`"(?:usage"\s*:\s*\{|error"\s*:\s*[^n\s]|object"\s*:\s*"error"|finish_reason"\s*:\s*"|type"\s*:\s*"(?:error|${FINAL_TYPES})")`,
);

/** Reads the streams of OpenAI, Azure and Groq: chat, completions, responses, images, audio, assistants. */
export function openAIStreamReader(choices = 1): StreamReader {
  let delivered = false;
  const ending = new AnswerEnd(choices);
  let usage: Usage | undefined;
  let response: ResponseInfo = {};
  // By the index of the choice; choices end in any order.
  const reasons: (string | undefined)[] = [];

  function read(event: string | null, data: string, clipped = false): StreamEvent {
    if (data.startsWith('[DONE]')) {
      ending.done();
      return DONE;
    }
    if (event === 'ping') return PREAMBLE;
    if (event?.startsWith('thread.')) ending.ofType(event);
    if (event === ERROR_FIELD) return { kind: 'error', error: { body: { error: parseJson(data) ?? data } } };
    if (event === 'error') return { kind: 'error', error: { body: parseJson(data) ?? data } };
    if (clipped) return readEnds(data);
    if (delivered && !WORTH_PARSING.test(data)) return CONTENT;
    const parsed = asObject(parseJson(data));
    // The SDK fails on what is not JSON; the application has then seen something.
    if (!parsed) return content();
    const failure = failureOf(parsed);
    if (failure) return failure;
    note(parsed);
    ending.note(parsed);
    return delivered || !isPreamble(parsed) ? content() : PREAMBLE;
  }

  /** Events before the content are short. */
  function readEnds(data: string): StreamEvent {
    const event = clippedEvent(data);
    const failure = failureOf(event);
    if (failure) return failure;
    note(event);
    ending.note(event);
    return content();
  }

  function content(): StreamEvent {
    delivered = true;
    return CONTENT;
  }

  function note(parsed: JsonObject): void {
    usage = openAIBodyUsage(parsed) ?? usage;
    const { finishReasons, ...rest } = openAIResponseInfo(parsed);
    response = { ...response, ...rest };
    if (!finishReasons) return;
    const { choices: ended } = parsed;
    if (Array.isArray(ended)) ended.forEach(noteReason);
    else reasons[0] = finishReasons[0];
  }

  function noteReason(each: unknown): void {
    const choice = asObject(each);
    const reason = asText(choice?.['finish_reason']);
    if (reason === undefined) return;
    const index = asCount(choice?.['index']) ?? 0;
    if (index < MAX_REASONS) reasons[index] = reasonOf(reason);
  }

  return {
    read,
    finished: () => ending.finished,
    usage: () => usage,
    response: () =>
      reasons.length > 0
        ? { ...response, finishReasons: Array.from(reasons, (reason) => reason ?? NO_REASON) }
        : response,
  };
}

/** Errors arrive as `{error}`, flat with `object: 'error'`, as Responses events (nested, flat or `response.failed`), in Groq's `x_groq`, or in a choice. */
function failureOf(parsed: JsonObject): StreamEvent | undefined {
  if (parsed['error'] || parsed['type'] === 'error' || parsed['object'] === 'error')
    return { kind: 'error', error: { body: parsed } };
  if (parsed['type'] === 'response.failed') {
    const error = asObject(parsed['response'])?.['error'] ?? { code: 'server_error' };
    return { kind: 'error', error: { body: { error } } };
  }
  const stopped = asObject(parsed['x_groq'])?.['error'] ?? errorOfChoice(parsed['choices']);
  if (stopped) return { kind: 'error', error: { body: { error: stopped } } };
  return hasStopped(parsed['choices']) ? { kind: 'error', error: { body: STOPPED } } : undefined;
}

function isPreamble(parsed: JsonObject): boolean {
  const type = asText(parsed['type']);
  if (type !== undefined) return PREAMBLE_TYPES.has(type) && !runsOn(parsed);
  const choices = parsed['choices'];
  return Array.isArray(choices) && choices.every((choice) => !hasContent(asObject(choice)));
}

/** A background response survives its stream: the application can follow it by its id, so it is not repeated. */
function runsOn(parsed: JsonObject): boolean {
  return asObject(parsed['response'])?.['background'] === true;
}

function hasContent(choice: JsonObject | undefined): boolean {
  if (!choice) return false;
  if (choice['finish_reason'] || choice['text']) return true;
  return Object.entries(asObject(choice['delta']) ?? {}).some(([key, value]) => key !== 'role' && !isEmpty(value));
}

function isEmpty(value: unknown): boolean {
  return value === null || value === undefined || value === '' || (Array.isArray(value) && value.length === 0);
}
