import { asObject, type JsonObject } from '../parse/json.ts';
import { readErrorEnvelope } from './error-envelope.ts';
import { isKnownCode } from './error-rules.ts';

/** An error inside the body of a 2xx answer. */
export interface EmbeddedError {
  /** Of the form of an error's body. */
  readonly body: object;
  /** The answer has content all the same. */
  readonly besideContent: boolean;
}

/**
 * OpenRouter and other routers answer 200 before the provider behind them has, and put its error into the answer: of the
 * whole, or of a choice. Undefined for an answer without one, and for an `error` that nobody knows how to read.
 */
export function readEmbeddedError(value: unknown): EmbeddedError | undefined {
  const answer = asObject(value);
  if (!answer) return undefined;
  const error = asObject(answer['error']) ?? errorOfChoice(answer['choices']);
  if (!error) return undefined;
  const body = { error };
  const { codes, status } = readErrorEnvelope(body);
  if (status === undefined && !codes.some(isKnownCode)) return undefined;
  return { body, besideContent: hasContent(answer) };
}

/** OpenRouter tells of the provider behind it in a choice, too. */
export function errorOfChoice(choices: unknown): JsonObject | undefined {
  if (!Array.isArray(choices)) return undefined;
  for (const choice of choices as unknown[]) {
    const error = asObject(asObject(choice)?.['error']);
    if (error) return error;
  }
  return undefined;
}

/** Where answers have what was asked for: chat, completions, responses, messages, embeddings, images, transcripts. */
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
