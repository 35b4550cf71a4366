import type { Contents } from './content-kinds.ts';
import type { Failure, LimitReading, Usage } from './outcome.ts';

/** Values of `gen_ai.provider.name`, from the OpenTelemetry conventions where they define one. */
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

/** Providers that serve only Anthropic's models, with its kinds of limits. */
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

/** Sources of input tokens other than the request's text, the least predictable first. */
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

/** Requested type of output; values of `gen_ai.output.type`. */
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
  /** Requested service tier or speed, in the provider's term, if any. */
  readonly tier?: string;
  /** Output tokens that the request reserves (`max_tokens` and its successors), times `n`. */
  readonly maxOutputTokens?: number;
  /** Bytes of prompt text, to estimate input tokens from; 0 if they cannot be determined cheaply. */
  readonly inputBytes: number;
  /** Input that counts but is not part of the request's text, if any. */
  readonly hidden?: {
    readonly kind: HiddenInput;
    /** Images, files and the like, of all kinds; small ones count in part. */
    readonly parts: number;
  };
  /** Content that is limited separately from requests and tokens; absent for most requests. */
  readonly content?: Contents;
  /** The request asks for its prompt to be kept in, or read from, a cache. */
  readonly cached?: true;
  /** Input tokens as the application's own tokenizer counts them; absent without one. */
  readonly inputTokens?: number;
  /** Absent if the request names none. */
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
  /** Parsed JSON, or else the text; undefined without a body. */
  readonly body?: unknown;
}

/** The meaning of a server-sent event for the call. */
export type StreamEvent =
  | { readonly kind: 'content' }
  /** Pings, `message_start`, role-only chunks: nothing that an application could act on. */
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
  /** Whether the answer's final event has arrived; undefined if no event so far belongs to an API that has one. */
  finished(): boolean | undefined;
  usage(): Usage | undefined;
  /** Model, response id and finish reasons known so far. */
  response(): ResponseInfo;
}

export interface ResponseInfo {
  readonly id?: string;
  readonly model?: string;
  /** By index of the choice; `error` for a choice without a reason. */
  readonly finishReasons?: readonly string[];
  /** Tier that served the answer, in the provider's term. */
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
  /** Input read from a prompt cache: counted, free if the request marks it, or always free. */
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
