import { asObject, type JsonObject } from '../parse/json.ts';
import { readErrorEnvelope } from './error-envelope.ts';
import { isKnownCode, isKnownRefusal } from './error-rules.ts';

/** An error inside the body of a 2xx answer. */
export interface EmbeddedError {
  /** Of the form of an error's body. */
  readonly body: object;
  /** The answer also has content. */
  readonly besideContent: boolean;
}

/**
 * OpenRouter and other routers answer 200 before the provider behind them does, and put its error into the answer: into the
 * whole, or into a choice. Others put their own status into every answer, or send nothing but an error. Undefined
 * for an answer without one, and for an `error` of unknown shape.
 */
export function readEmbeddedError(value: unknown): EmbeddedError | undefined {
  const answer = asObject(Array.isArray(value) ? (value as unknown[])[0] : value);
  if (!answer) return undefined;
  const { choices } = answer;
  const error = asObject(answer['error']) ?? errorOfChoice(choices);
  if (error) return isKnown({ error }) ? { body: { error }, besideContent: hasContent(answer) } : undefined;
  if (hasStopped(choices)) return { body: STOPPED, besideContent: hasContent(answer) };
  // An answer of any other form has a field for it.
  const other = !Array.isArray(choices) && !hasContent(answer) && isKnown(answer);
  return other ? { body: answer, besideContent: false } : undefined;
}

function isKnown(body: object): boolean {
  const { codes, status, message } = readErrorEnvelope(body);
  return status !== undefined || codes.some(isKnownCode) || isKnownRefusal(message);
}

/** OpenRouter also reports the provider's error in a choice. */
export function errorOfChoice(choices: unknown): JsonObject | undefined {
  if (!Array.isArray(choices)) return undefined;
  for (const choice of choices as unknown[]) {
    const error = asObject(asObject(choice)?.['error']);
    if (error) return error;
  }
  return undefined;
}

/** The error of a choice that ended with one and gives no details. */
export const STOPPED: { readonly error: object } = { error: { type: 'server_error' } };

/** OpenRouter's finish reasons for a failed provider; sometimes only the native reason says so. */
const FAILED_REASONS: ReadonlySet<unknown> = new Set(['error', 'network_error']);

/** Whether a choice has ended because the provider failed. */
export function hasStopped(choices: unknown): boolean {
  if (!Array.isArray(choices)) return false;
  return (choices as unknown[]).some((each) => {
    const choice = asObject(each);
    const reason = choice?.['finish_reason'];
    if (typeof reason !== 'string') return false;
    return FAILED_REASONS.has(reason) || FAILED_REASONS.has(choice?.['native_finish_reason']);
  });
}

/** Fields that hold an answer's content: chat, completions, responses, messages, embeddings, images, transcripts. */
const LISTS = ['output', 'content', 'data', 'segments'] as const;
const MESSAGE_PARTS = ['content', 'tool_calls', 'function_call', 'refusal', 'audio', 'images', 'reasoning'] as const;

function hasContent(answer: JsonObject): boolean {
  if (!isEmpty(answer['text']) || LISTS.some((name) => !isEmpty(answer[name]))) return true;
  const choices = answer['choices'];
  if (!Array.isArray(choices)) return false;
  return (choices as unknown[]).some((each) => {
    const choice = asObject(each);
    const message = asObject(choice?.['message']);
    return !isEmpty(choice?.['text']) || MESSAGE_PARTS.some((name) => !isEmpty(message?.[name]));
  });
}

function isEmpty(value: unknown): boolean {
  return value === null || value === undefined || value === '' || (Array.isArray(value) && value.length === 0);
}
