import type { StreamApi } from '../dialects/dialect.ts';
import type { ActualUsage, SimulatorProvider } from '../limits/limit-rules.ts';
import type { PromptCache } from './prompt-cache.ts';
import type { Random } from '../random.ts';
import type { ReplySettings } from '../replies/reply.ts';

/** One piece of a stream, ready to be sent. `tokens` is 0 for what is not generated. */
export interface Frame {
  readonly text: string;
  readonly tokens: number;
}

/** The charge to ask of the limits, estimated as the provider would before the answer is known. */
export interface WorkCost {
  readonly inputTokens: number;
  readonly cachedTokens: number;
  readonly maxOutputTokens: number | undefined;
  readonly images?: number;
  readonly audioSeconds?: number;
}

/** A parsed request with its answer, independent of HTTP. */
export interface Work {
  readonly model: string;
  /** Undefined for endpoints without rate limits. */
  readonly cost: WorkCost | undefined;
  readonly usage: ActualUsage;
  /** A complete body: an object is sent as JSON, bytes as they are. */
  readonly body: () => unknown;
  readonly contentType?: string;
  /** Present when the answer is to be streamed. */
  readonly frames?: () => Iterable<Frame>;
  readonly streamApi?: StreamApi;
  readonly onAdmitted?: () => void;
}

/** Everything besides the request that an answer may depend on. */
export interface WorkContext {
  readonly provider: SimulatorProvider;
  readonly settings: ReplySettings;
  readonly countTokens: (text: string) => number;
  readonly promptCache: PromptCache | undefined;
  readonly organization: string;
  readonly requestId: string;
  readonly random: Random;
  readonly now: number;
  /** Time until the first answer to a prompt has certainly begun. */
  readonly warmMs: number;
  readonly wallMs: number;
}

/** Answered with 400 in the provider's form. */
export class BadRequest extends Error {
  readonly param: string | undefined;

  constructor(message: string, param?: string) {
    super(message);
    this.param = param;
  }
}

/** Answered with 404 in the provider's form. */
export class NotFound extends Error {}

export const NO_USAGE: ActualUsage = { inputTokens: 0, cachedTokens: 0, outputTokens: 0 };

/** An answer of an endpoint without rate limits. */
export function unlimited(body: unknown): Work {
  return { model: '', cost: undefined, usage: NO_USAGE, body: () => body };
}

/** Seconds since 1970, as OpenAI dates everything. */
export function created(context: WorkContext): number {
  return Math.floor(context.wallMs / 1_000);
}
