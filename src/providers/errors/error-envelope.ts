import { asObject, asText, parseJson } from '../parse/json.ts';

/** What an error body says, whatever its envelope. */
export interface ErrorFacts {
  /** Every code and type of the body in lower case, the most specific first. */
  readonly codes: readonly string[];
  /** At most MAX_MESSAGE characters, so that no pattern runs over an echoed prompt. */
  readonly message: string;
}

const MAX_MESSAGE = 2_000;
/** Words with few digits (`rate_limit_exceeded`, `throttlingexception`): no shape that a key or an identifier has. */
const CODE = /^(?=.{1,64}$)[a-z]{1,40}\d{0,2}(?:[_.][a-z]{1,40}\d{0,2})*$/;

/**
 * Reads the envelopes of OpenAI `{error}`, Anthropic `{type:'error', error}`, Groq (also a bare string),
 * Azure, flat and nested Responses events, Google `[{error}]`, AWS `{message}`, their inner objects, and text.
 */
export function readErrorEnvelope(body: unknown, headers?: Headers): ErrorFacts {
  const codes: string[] = [];
  const add = (value: unknown): void => {
    // Azure's string "429" and Google's numeric codes repeat the status.
    const code = typeof value === 'string' ? value.toLowerCase() : '';
    if (code !== 'error' && CODE.test(code) && !codes.includes(code)) codes.push(code);
  };
  const inner = innerError(body);
  let message: string | undefined;
  if (typeof inner === 'string') {
    message = inner;
    // The text of a whole body may be anything, a key among it.
    if (inner !== body) add(inner);
  } else {
    const error = asObject(inner);
    add(asObject(error?.['details'])?.['error_code']);
    add(error?.['code']);
    add(error?.['type']);
    add(error?.['status']);
    message = asText(error?.['message']) ?? asText(error?.['Message']);
  }
  // Bedrock names the exception in a header: `ThrottlingException:http://internal.amazon.com/...`.
  add(headers?.get('x-amzn-errortype')?.split(':')[0]);
  return { codes, message: (message ?? '').slice(0, MAX_MESSAGE) };
}

function innerError(body: unknown): unknown {
  let value = typeof body === 'string' ? (parseJson(body) ?? body) : body;
  if (Array.isArray(value)) value = value[0] as unknown;
  const envelope = asObject(value);
  if (!envelope) return value;
  const failed = asObject(envelope['response'])?.['error'];
  const stopped = asObject(envelope['x_groq'])?.['error'];
  return [envelope['error'], failed, stopped].find(Boolean) ?? envelope;
}
