import type { Dimension } from '../../core/dimensions.ts';
import { parseCount } from '../parse/numbers.ts';
import { namedLimit, WINDOW } from './limit-names.ts';

/** A limit of requests or tokens in the words of a gateway. */
export interface GatewayText {
  readonly dimension: Dimension;
  readonly windowMs?: number;
  readonly limit?: number;
  readonly used?: number;
}

interface Wording {
  readonly pattern: RegExp;
  readonly sample: string;
  readonly source: string;
  readonly read: (match: RegExpExecArray) => GatewayText;
}

/**
 * The number of a limit is read where headers state the same one. Where none do, it is left to be learned: these limits
 * count in windows that begin anywhere, and a pace of so many a minute is slower than what refusals teach (240 draws of
 * slowapi: 1.28 times the best possible time at the median instead of 1.07). GitHub's headers even state another limit,
 * 20 000 requests, which is the deployment's and not the user's.
 */
const WORDINGS: readonly Wording[] = [
  {
    pattern: /\bLimit type: (requests|tokens)\b\W{1,3}Current limit: (\d{1,12})(?:, Remaining: (\d{1,12}))?/i,
    sample: 'Rate limit exceeded for api_key: 3ae0. Limit type: requests. Current limit: 60, Remaining: 0.',
    source: 'LiteLLM: litellm/proxy/hooks/parallel_request_limiter_v3.py; github.com/BerriAI/litellm/pull/14736',
    read: ([, noun, ...numbers]) => {
      const { dimension } = namedLimit(noun!, undefined);
      const [limit, remaining] = numbers.map(parseCount);
      if (limit === undefined) return { dimension };
      return remaining === undefined
        ? { dimension, limit }
        : { dimension, limit, used: Math.max(0, limit - remaining) };
    },
  },
  {
    pattern: /\bRate limit of \d{1,12} per ([1-9]\d{0,5})s exceeded for (\w{1,60})/i,
    sample: 'Rate limit of 15 per 60s exceeded for UserByModelByMinute. Please wait 47 seconds before retrying.',
    source: 'GitHub Models, Azure AI Foundry (there: UserByModelByMinuteUncachedInputTokens)',
    read: ([, seconds, name]) => {
      const side = /(?:input|output)(?=tokens)/i.exec(name!)?.[0].toLowerCase() ?? '';
      const noun = /tokens/i.test(name!) ? `${side} tokens`.trim() : 'requests';
      const { dimension, windowMs } = namedLimit(noun, 'sec', seconds);
      return { dimension, windowMs };
    },
  },
  {
    pattern: new RegExp(`(?:^|: ?)\\d{1,9} per (\\d{1,4}) ?(${WINDOW})\\w{0,8}(?:[.,;]|\\s{0,3}$)`, 'i'),
    sample: 'Rate limit exceeded: 20 per 1 minute',
    source: 'slowapi, Flask-Limiter: github.com/laurentS/slowapi, slowapi/extension.py; github.com/alisaifee/limits',
    read: ([, count, window]) => {
      const { dimension, windowMs } = namedLimit('requests', window, count);
      return { dimension, windowMs };
    },
  },
  {
    pattern: /\btoken limit is exceeded\b/i,
    sample: 'Token limit is exceeded. Try again in 15 seconds.',
    source: 'Azure API Management: learn.microsoft.com/azure/api-management/llm-token-limit-policy',
    read: () => ({ dimension: 'tokens' }),
  },
];

export function readGatewayText(message: string): GatewayText | undefined {
  for (const { pattern, read } of WORDINGS) {
    const match = pattern.exec(message);
    if (match) return read(match);
  }
  return undefined;
}

/** Wordings with their samples, for tests. */
export const GATEWAY_WORDINGS: readonly Wording[] = WORDINGS;
