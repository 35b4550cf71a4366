import { windowOf } from '../../core/dimensions.ts';
import { asObject, asText, type JsonObject } from '../parse/json.ts';
import { parseCount } from '../parse/numbers.ts';
import type { LimitText } from './limit-message.ts';

/** OpenRouter's metadata of an error: the message of the provider behind it, and OpenRouter's own limit. */
export interface RouterMetadata {
  readonly raw?: string;
  readonly limit?: LimitText;
  /** When that limit is whole again, in milliseconds since 1970. */
  readonly resetAt?: number;
}

/** `limit_source` of a limit that is the account's own. */
const DAILY = /daily|per_day/;

export function readRouterMetadata(metadata: JsonObject): RouterMetadata {
  const { raw } = metadata;
  const text = typeof raw === 'string' ? raw : asObject(raw) && JSON.stringify(raw);
  const limit = limitIn(metadata);
  const resetAt = parseCount(asText(asObject(metadata['headers'])?.['X-RateLimit-Reset']));
  return {
    ...(text ? { raw: text } : {}),
    ...(limit === undefined ? {} : { limit }),
    ...(limit === undefined || resetAt === undefined ? {} : { resetAt }),
  };
}

function limitIn(metadata: JsonObject): LimitText | undefined {
  const headers = asObject(metadata['headers']);
  const limit = parseCount(asText(headers?.['X-RateLimit-Limit']));
  if (limit === undefined) return undefined;
  const remaining = parseCount(asText(headers?.['X-RateLimit-Remaining']));
  const daily = DAILY.test(asText(metadata['limit_source']) ?? '');
  return {
    dimension: daily ? 'requests_day' : 'unknown',
    ...(daily ? { windowMs: windowOf('requests_day')! } : {}),
    limit,
    ...(remaining === undefined ? {} : { used: Math.max(0, limit - remaining) }),
  };
}
