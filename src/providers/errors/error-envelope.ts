import { asObject, asText, type JsonObject, parseJson } from '../parse/json.ts';
import { asCount, parseCount, parseDate } from '../parse/numbers.ts';
import { agreedWait } from './agreed-wait.ts';
import { readGoogleDetails } from './google-details.ts';
import type { LimitText } from './limit-message.ts';
import { readRouterMetadata } from './router-metadata.ts';

/** The content of an error body, whatever its envelope. */
export interface ErrorFacts {
  /** Every code and type of the body in lower case, the most specific first. */
  readonly codes: readonly string[];
  /** At most MAX_MESSAGE characters, so that no pattern runs over an echoed prompt. */
  readonly message: string;
  /** The HTTP status that the body itself names. */
  readonly status?: number;
  /** A wait in a field of its own. */
  readonly waitMs?: number;
  /** When the limit is whole again, in milliseconds since 1970. */
  readonly resetAt?: number;
  /** The same, relative to now. */
  readonly resetInMs?: number;
  /** The limit, where fields name it. */
  readonly limit?: LimitText;
  /** Whether fields state that the limit is one of money. */
  readonly quota?: boolean;
}

const MAX_MESSAGE = 2_000;
/** Words with few digits (`rate_limit_exceeded`, `throttlingexception`), unlike keys and identifiers. */
const CODE = /^(?=.{1,64}$)[a-z]{1,40}\d{0,2}(?:[_.][a-z]{1,40}\d{0,2})*$/;
/** MiniMax's codes (platform.minimax.io/docs/api-reference/errorcode), mapped to common ones. */
const MINIMAX_CODES: ReadonlyMap<unknown, string> = new Map([
  [1000, 'server_error'],
  [1001, 'timeout_error'],
  [1002, 'rate_limit_exceeded'],
  [1004, 'authentication_error'],
  [1008, 'insufficient_quota'],
  [1013, 'server_error'],
  [1024, 'server_error'],
  [1033, 'server_error'],
  [1039, 'rate_limit_exceeded'],
  [1041, 'rate_limit_exceeded'],
  [2013, 'invalid_request_error'],
  [2049, 'invalid_api_key'],
  [2056, 'rate_limit_exceeded'],
]);
/** Depth of errors that proxies nest. */
const MAX_NESTED = 3;

/**
 * Reads the envelopes of OpenAI `{error}`, Anthropic `{type:'error', error}`, Groq (also a bare string), Azure, flat
 * and nested Responses events, Google `[{error}]` with its details, AWS `{message}`, Mistral's flat form, xAI `{code,
 * error}`, Fireworks `{error, message}` and `{fault}`, FastAPI `{detail}`, OpenRouter's metadata, their inner objects,
 * and text.
 */
export function readErrorEnvelope(body: unknown, headers?: Headers): ErrorFacts {
  const found = new Found();
  found.read(typeof body === 'string' ? (parseJson(body) ?? body) : body, 0);
  // Bedrock names the exception in a header: `ThrottlingException:http://internal.amazon.com/...`.
  found.code(headers?.get('x-amzn-errortype')?.split(':')[0]);
  return found.facts();
}

class Found {
  readonly #codes: string[] = [];
  readonly #messages: string[] = [];
  #status: number | undefined;
  #waitMs: number | undefined;
  #resetAt: number | undefined;
  #resetInMs: number | undefined;
  #limit: LimitText | undefined;
  #quota = false;

  facts(): ErrorFacts {
    return {
      codes: this.#codes,
      message: this.#messages.join(' ').slice(0, MAX_MESSAGE),
      ...(this.#status === undefined ? {} : { status: this.#status }),
      ...(this.#waitMs === undefined ? {} : { waitMs: this.#waitMs }),
      ...(this.#resetAt === undefined ? {} : { resetAt: this.#resetAt }),
      ...(this.#resetInMs === undefined ? {} : { resetInMs: this.#resetInMs }),
      ...(this.#limit === undefined ? {} : { limit: this.#limit }),
      ...(this.#quota ? { quota: true } : {}),
    };
  }

  read(body: unknown, depth: number): void {
    const value: unknown = Array.isArray(body) ? body[0] : body;
    const envelope = asObject(value);
    if (!envelope) {
      // The text of a whole body may contain anything, even a key.
      if (typeof value === 'string') this.#messages.push(value.slice(0, MAX_MESSAGE));
      return;
    }
    this.#readBase(asObject(envelope['base_resp']), depth);
    const inner = innerError(envelope);
    if (typeof inner === 'string') this.#readFlat(envelope, inner, depth);
    else this.#readError(asObject(inner) ?? envelope, depth);
    // Fields beside the error.
    if (inner !== envelope) this.#readWait(envelope);
  }

  code(value: unknown): void {
    // Azure's string "429" and Google's numeric codes repeat the status.
    const code = typeof value === 'string' ? value.toLowerCase() : '';
    if (code !== 'error' && CODE.test(code) && !this.#codes.includes(code)) this.#codes.push(code);
  }

  /** Groq `{error: 'capacity_exceeded'}`, xAI `{code, error}`, Fireworks `{error: 'Too Many Requests', message}`. */
  #readFlat(envelope: JsonObject, error: string, depth: number): void {
    this.code(error);
    this.code(envelope['code']);
    this.code(envelope['type']);
    this.#status ??= statusIn(envelope['code']) ?? statusIn(envelope['status']);
    this.#text(asText(envelope['message']) ?? error, depth);
  }

  /** MiniMax puts a status into every answer. */
  #readBase(base: JsonObject | undefined, depth: number): void {
    if (!base?.['status_code']) return;
    this.code(MINIMAX_CODES.get(base['status_code']));
    this.#text(asText(base['status_msg']) ?? '', depth);
  }

  #readError(error: JsonObject, depth: number): void {
    const details = error['details'];
    this.code(asObject(details)?.['error_code']);
    this.code(error['code']);
    this.code(error['type']);
    this.code(error['status']);
    this.code(asText(error['__type'])?.split('#').at(-1));
    this.#status ??= statusIn(error['code']) ?? statusIn(error['status']) ?? statusIn(error['raw_status_code']);
    this.#readWait(error);
    this.#readWait(asObject(details));
    this.#readWait(asObject(error['data']));
    const google = readGoogleDetails(details);
    if (google) {
      for (const each of google.codes) this.code(each);
      this.#waitMs = agreedWait(this.#waitMs, google.waitMs);
      this.#limit ??= google.limit;
      this.#quota ||= google.quota === true;
    }
    this.#text(messageOf(error) ?? '', depth);
    const metadata = asObject(error['metadata']);
    if (!metadata) return;
    this.code(metadata['error_type']);
    this.#readWait(metadata);
    const router = readRouterMetadata(metadata);
    this.#limit ??= router.limit;
    this.#resetAt ??= router.resetAt;
    // The message of the provider behind a router.
    this.#text(router.raw ?? '', depth);
  }

  /** A message may be the JSON of another error. */
  #text(text: string, depth: number): void {
    if (text === '') return;
    const nested = depth < MAX_NESTED && /^\s*[[{]/.test(text) ? parseJson(text) : undefined;
    if (typeof nested === 'object' && nested !== null) this.read(nested, depth + 1);
    else this.#messages.push(text.slice(0, MAX_MESSAGE));
  }

  #readWait(fields: JsonObject | undefined): void {
    if (!fields) return;
    for (const [name, unitMs] of WAIT_FIELDS) {
      const value = fields[name];
      const amount = typeof value === 'string' ? parseCount(value) : asCount(value);
      if (amount !== undefined) this.#waitMs = agreedWait(this.#waitMs, amount * unitMs);
    }
    for (const name of RESET_SECONDS) {
      const seconds = asCount(fields[name]);
      if (seconds !== undefined) this.#resetInMs ??= seconds * 1_000;
    }
    for (const name of RESET_TIMES) {
      const value = fields[name];
      const number = asCount(value);
      const at = number === undefined ? parseDate(asText(value)) : number < FIRST_EPOCH_MS ? number * 1_000 : number;
      if (at) this.#resetAt ??= at;
    }
  }
}

/** Fields whose number is a wait, and its unit in milliseconds; the finest first. */
const WAIT_FIELDS: readonly (readonly [name: string, unitMs: number])[] = [
  ['retry_after_ms', 1],
  ['retryAfterMs', 1],
  ['retry_after_seconds', 1_000],
  ['retryAfterSeconds', 1_000],
  ['retry_after', 1_000],
  ['retryAfter', 1_000],
  ['retry_in_seconds', 1_000],
  ['retry_in', 1_000],
  ['wait_seconds', 1_000],
];

/** Fields that say when, or in how many seconds, a limit is full again; OpenAI's usage limits have both. */
const RESET_TIMES = ['resets_at', 'reset_at', 'resetAt'] as const;
const RESET_SECONDS = ['resets_in_seconds', 'reset_in_seconds'] as const;
/** As seconds it would be the year 33658. */
const FIRST_EPOCH_MS = 1e12;

function innerError(envelope: JsonObject): unknown {
  const failed = asObject(envelope['response'])?.['error'];
  const stopped = asObject(envelope['x_groq'])?.['error'];
  const fault = asObject(envelope['fault']);
  return [envelope['error'], failed, stopped, fault].find(Boolean) ?? envelope;
}

function messageOf(error: JsonObject): string | undefined {
  const { message, Message, detail, faultstring } = error as Record<string, unknown>;
  const told = asText(message) ?? asText(Message) ?? asText(faultstring) ?? asText(detail);
  if (told !== undefined) return told;
  // FastAPI lists the problems; some servers use an object.
  const first = asObject(message) ?? (Array.isArray(detail) ? asObject(detail[0]) : asObject(detail));
  return asText(first?.['msg']) ?? asText(first?.['message']) ?? asText(first?.['detail']);
}

function statusIn(code: unknown): number | undefined {
  const status = typeof code === 'string' && /^\d{3}$/.test(code) ? Number(code) : code;
  return typeof status === 'number' && Number.isInteger(status) && status >= 300 && status < 600 ? status : undefined;
}
