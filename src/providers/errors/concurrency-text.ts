import { parseCount } from '../parse/numbers.ts';

/** A wording for too many requests in flight. */
interface Wording {
  readonly pattern: RegExp;
  readonly sample: string;
  readonly source: string;
  /**
   * The wait beside it is that of the gateway's rate limits, the same whenever a slot becomes free: a window of 60 s,
   * or 0. It says nothing about this limit.
   */
  readonly foreignWait?: true;
}

/** A group is the number of the limit. The first that fits decides, so those with one come first. */
const WORDINGS: readonly Wording[] = [
  {
    pattern: /Limit type: max_parallel_requests\b(?:\W{1,3}Current limit: (\d{1,6}))?/i,
    sample:
      'Rate limit exceeded for api_key: 3ae0. Limit type: max_parallel_requests. Current limit: 8, Remaining: 0. Limit resets at: 2026-11-26 12:01:00 UTC',
    source: 'github.com/BerriAI/litellm, litellm/proxy/hooks/parallel_request_limiter_v3.py: retry-after is the window',
    foreignWait: true,
  },
  {
    pattern: /Rate limit of (\d{1,6}) per 0s exceeded for \w{0,40}Concurrent\w{0,20}/i,
    sample: 'Rate limit of 2 per 0s exceeded for UserConcurrentRequests. Please wait 0 seconds before retrying.',
    source:
      'docs.github.com/en/github-models, rate limits: "concurrent requests"; wording as quoted in public repositories',
    foreignWait: true,
  },
  {
    pattern: /\bconcurrency limit (?:of|is|:) ?(\d{1,6})\b/i,
    sample: 'Too many requests. Your current concurrency is 5, which exceeds your concurrency limit of 5',
    source: 'github.com/wangyingsm/dr-strange/pull/17, 2026-09-03',
  },
  {
    pattern: /\bmax(?:imum)? (?:organization |project )?concurrency: (\d{1,6})\b/i,
    sample: 'request reached max organization concurrency: 3, please try again after 1 seconds',
    source: 'Moonshot, quoted in public repositories; its other limits: github.com/MoonshotAI/kimi-cli/issues/901',
  },
  {
    pattern: /\bLimit: (\d{1,6}) concurrent requests\b/i,
    sample: 'Too many concurrent requests. Limit: 1 concurrent requests',
    source: 'github.com/Wei-Shaw/claude-relay-service/pull/773, 2025-12-06',
  },
  {
    pattern: /\bconcurren(?:t|cy)\b/i,
    sample: 'Number of concurrent connections has exceeded your rate limit.',
    source: 'github.com/anthropics/anthropic-sdk-python/issues/496, 2024-05-14',
  },
  {
    // Its queue is full: `--max-concurrent-requests` are in flight.
    pattern: /^Model is overloaded$/i,
    sample: 'Model is overloaded',
    source: 'text-generation-inference: github.com/huggingface/text-generation-inference/issues/439, 2023-06-12',
  },
  {
    pattern: /\bsimultaneous\b/i,
    sample: 'Too many simultaneous requests.',
    source: 'composed',
  },
  {
    // Not LiteLLM's list of limits: "Crossed TPM / RPM / Max Parallel Request Limit".
    pattern: /(?<!\/ max )\bparallel requests?\b/i,
    sample: 'Max parallel request limit reached',
    source: 'github.com/BerriAI/litellm/issues/8392, 2025-02-08',
  },
  {
    pattern: /\u5e76\u53d1/i,
    sample: '\u60a8\u5f53\u524d\u4f7f\u7528\u8be5API\u7684\u5e76\u53d1\u6570\u8fc7\u9ad8',
    source: 'Zhipu; test/providers/samples/chinese.ts',
  },
];

/** LiteLLM before its third limiter lists all limits; none is 2^63 - 1. Its wait is until the next minute. */
const LISTED = /\bcurrent max_parallel_requests: ?(\d{1,6}), max_parallel_requests: ?(\d{1,6})(?!\d)/;

export interface ConcurrencyText {
  readonly limit?: number;
  readonly foreignWait: boolean;
}

/** The limit of requests in flight that a message names. */
export function readConcurrency(message: string): ConcurrencyText | undefined {
  const listed = LISTED.exec(message);
  if (listed && Number(listed[1]) >= Number(listed[2])) return textOf(listed[2], true);
  for (const { pattern, foreignWait = false } of WORDINGS) {
    const match = pattern.exec(message);
    if (match) return textOf(match[1], foreignWait);
  }
  return undefined;
}

/** A limit of 0 is one that is switched off, or a count that has gone wrong: no call would ever be let through. */
function textOf(number: string | undefined, foreignWait: boolean): ConcurrencyText {
  const limit = parseCount(number);
  return limit ? { limit, foreignWait } : { foreignWait };
}

/** Wordings with their samples, for tests. */
export const CONCURRENCY_WORDINGS: readonly Wording[] = WORDINGS;
