import type { Prompt } from './prompt.ts';
import type { Reply } from './reply.ts';
import { replyTo } from './reply.ts';
import { estimateTokens } from './tokens.ts';
import type { ActualUsage } from '../limits/limit-rules.ts';
import type { WorkContext, WorkCost } from '../apis/work.ts';

/** Nominal size of an image; real ones depend on their resolution. */
const TOKENS_PER_IMAGE = 1_000;
/** Shorter prompts are not cached. */
const MIN_CACHED_TOKENS = 1_024;
/** Prefix that OpenAI and Groq cache automatically: about 1,024 tokens. */
const AUTOMATIC_PREFIX = 4_096;

/** The counts and the reply of one request for text; the API determines their form. */
export interface TextPlan {
  readonly reply: Reply;
  readonly cost: WorkCost;
  readonly usage: ActualUsage;
  /** Input tokens that were newly written to the cache. */
  readonly cacheWriteTokens: number;
  readonly onAdmitted: () => void;
}

export function planText(prompt: Prompt, choices: number, context: WorkContext): TextPlan {
  const reply = replyTo(
    { ...prompt, maxOutputTokens: prompt.maxOutputTokens && prompt.maxOutputTokens / choices },
    context.provider,
    context.settings,
  );
  const inputTokens = context.countTokens(prompt.text) + prompt.messages * 3 + 3 + prompt.images * TOKENS_PER_IMAGE;
  const cache = cacheOf(prompt, context);
  const known = cache?.known === true;
  return {
    reply,
    cost: {
      inputTokens: estimateTokens(prompt.text.length) + prompt.images * TOKENS_PER_IMAGE,
      cachedTokens: known ? Math.min(cache.estimated, estimateTokens(prompt.text.length)) : 0,
      maxOutputTokens: prompt.maxOutputTokens,
    },
    usage: {
      inputTokens,
      cachedTokens: known ? Math.min(cache.tokens, inputTokens) : 0,
      outputTokens: reply.pieces.length * choices,
    },
    cacheWriteTokens: cache && !known ? Math.min(cache.tokens, inputTokens) : 0,
    onAdmitted: () => {
      if (cache)
        context.promptCache?.remember(context.organization, prompt.model, cache.prefix, context.now, context.warmMs);
    },
  };
}

interface CacheUse {
  readonly prefix: string;
  readonly tokens: number;
  readonly estimated: number;
  readonly known: boolean;
}

/** Anthropic caches marked prefixes; the others cache any common prefix. */
function cacheOf(prompt: Prompt, context: WorkContext): CacheUse | undefined {
  const { promptCache, provider } = context;
  if (!promptCache) return undefined;
  const prefix =
    provider === 'anthropic'
      ? prompt.cacheMarked
      : prompt.text.length < AUTOMATIC_PREFIX
        ? ''
        : prompt.text.slice(0, AUTOMATIC_PREFIX);
  if (prefix === '') return undefined;
  const tokens = provider === 'anthropic' ? context.countTokens(prefix) : MIN_CACHED_TOKENS;
  if (tokens < MIN_CACHED_TOKENS) return undefined;
  return {
    prefix,
    tokens,
    estimated: estimateTokens(prefix.length),
    known: promptCache.has(context.organization, prompt.model, prefix, context.now),
  };
}
