import type { Contents } from './content-kinds.ts';
import type { Failure, LimitReading, Usage } from './outcome.ts';

/** Values of `gen_ai.provider.name`; where the OpenTelemetry conventions have one, theirs. */
export const PROVIDER_NAMES = [
  'openai',
  'azure.ai.openai',
  'anthropic',
  'aws.bedrock',
  'gcp.vertex_ai',
  'groq',
  'mistral_ai',
  'gcp.gemini',
  'deepseek',
  'x_ai',
  'together_ai',
  'fireworks_ai',
  'openrouter',
] as const;

export type ProviderName = (typeof PROVIDER_NAMES)[number];

/** Those that serve Anthropic's models and no others, and have their limits. */
export const CLAUDE_ONLY: ReadonlySet<ProviderName> = new Set(['anthropic', 'aws.bedrock', 'gcp.vertex_ai']);

/** Value of `gen_ai.operation.name`; `other` for endpoints that are guarded but not costed. */
export type Operation =
  | 'chat'
  | 'text_completion'
  | 'embeddings'
  | 'moderation'
  | 'image'
  | 'audio'
  | 'count_tokens'
  | 'other';

/** Where input tokens come from that are not in the text of a request; the least predictable first. */
export const HIDDEN_INPUTS = [
  'previous_response',
  'stored_prompt',
  'document',
  'audio',
  'server_tools',
  'image',
  'reasoning',
  'opaque',
] as const;

export type HiddenInput = (typeof HIDDEN_INPUTS)[number];

/** What a request asks to get; values of `gen_ai.output.type`. */
export type OutputType = 'text' | 'json' | 'image' | 'speech';

/** Which of OpenAI's APIs for answers; values of `openai.api.type`. */
export type OpenAIApi = 'chat_completions' | 'responses';

/** Parameters of a request that are safe to record, keyed by their `gen_ai.request.*` suffix. */
export type RequestAttributes = Readonly<Record<string, string | number | boolean | readonly string[]>>;

/** What a request is, without any of its content. */
export interface RequestInfo {
  readonly operation: Operation;
  /** Model named in the body, or the Azure deployment in the path. */
  readonly model?: string;
  readonly stream: boolean;
  /** Service tier or speed that the request asks for, in the provider's word; absent where it asks for none. */
  readonly tier?: string;
  /** Output tokens that the request reserves (`max_tokens` and its successors), times `n`. */
  readonly maxOutputTokens?: number;
  /** Bytes of prompt text, for estimating input tokens; 0 where it cannot be known cheaply. */
  readonly inputBytes: number;
  /** Input that counts but is no text of the request; absent where there is none. */
  readonly hidden?: {
    readonly kind: HiddenInput;
    /** Images, files and the like, of all kinds; small ones count in part. */
    readonly parts: number;
  };
  /** What of it is limited apart from requests and tokens; absent for most. */
  readonly content?: Contents;
  /** The request asks for its prompt to be kept in, or read from, a cache. */
  readonly cached?: true;
  /** Input tokens as the application's own tokenizer counts them; absent without one. */
  readonly inputTokens?: number;
  /** Absent where the request names none. */
  readonly outputType?: OutputType | undefined;
  readonly api?: OpenAIApi | undefined;
  readonly attributes: RequestAttributes;
}

/** The part of an SDK's request options that describes the request. */
export interface RequestLike {
  readonly method?: string | undefined;
  readonly path?: string | undefined;
  readonly body?: unknown;
  readonly stream?: boolean | undefined;
}

/** An error response, or an error that arrived inside a stream (then without status). */
export interface ErrorResponse {
  readonly status?: number | undefined;
  readonly headers?: Headers | undefined;
  /** Parsed JSON where the body was JSON, else its text, else undefined. */
  readonly body?: unknown;
}

/** What a server-sent event means for the call. */
export type StreamEvent =
  | { readonly kind: 'content' }
  /** Pings, `message_start`, role-only chunks: nothing that an application could have acted on. */
  | { readonly kind: 'preamble' }
  | { readonly kind: 'done' }
  | { readonly kind: 'error'; readonly error: ErrorResponse };

/** Reads the server-sent events of one stream. Never throws. */
export interface StreamReader {
  /**
   * `event` is the SSE event name or null; `data` its data lines joined by newline. `clipped`: they were too long, and
   * `data` is only their two ends.
   */
  read(event: string | null, data: string, clipped?: boolean): StreamEvent;
  /** Whether the answer's final event has come; undefined where the events so far are of no API that has one. */
  finished(): boolean | undefined;
  usage(): Usage | undefined;
  /** Model, response id and finish reasons as far as the stream has told. */
  response(): ResponseInfo;
}

export interface ResponseInfo {
  readonly id?: string;
  readonly model?: string;
  /** By the place of the choice. `error` for one of which no reason came. */
  readonly finishReasons?: readonly string[];
  /** Tier that the answer was served in, in the provider's word. */
  readonly serviceTier?: string;
  readonly systemFingerprint?: string;
}

/** How a provider charges its token limits; drives reservation and settlement. */
export interface ChargeRule {
  /** Tokens to reserve per dimension for an estimated input and a requested maximum output. */
  reserve(estimate: {
    readonly inputTokens: number;
    readonly maxOutputTokens: number | undefined;
    readonly expectedOutputTokens: number;
  }): {
    readonly tokens?: number;
    readonly inputTokens?: number;
    readonly outputTokens?: number;
  };
  /** Whether the answer's usage corrects what was counted on arrival. */
  readonly corrects: boolean;
  /** Input that is read from a prompt cache: counted, free where the request marks it, or free whenever it happens. */
  readonly cachedInput: 'counts' | 'free_if_marked' | 'free';
  /** Input tokens of an answered call that limits count. */
  countedInput(usage: Usage, model?: string): number;
  /** Tokens that the provider finally counts per dimension. */
  charge(
    usage: Usage,
    model?: string,
  ): { readonly tokens?: number; readonly inputTokens?: number; readonly outputTokens?: number };
}

/** All that differs by provider. Every function is total: no input makes it throw. */
export interface ProviderAdapter {
  readonly provider: ProviderName;
  describe(request: RequestLike): RequestInfo;
  /** `wallMs` is the local wall clock, for dates in headers. */
  classify(response: ErrorResponse, wallMs: number): Failure;
  readLimits(headers: Headers, wallMs: number): LimitReading[];
  /** Header that carries the request id. */
  readonly requestIdHeader: string;
  readUsage(body: unknown): Usage | undefined;
  readResponse(body: unknown): ResponseInfo;
  /** `choices`: how many answers the request asked for. */
  streamReader(choices?: number): StreamReader;
  readonly charge: ChargeRule;
}
