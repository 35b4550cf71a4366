import { asObject } from '../parse/json.ts';
import type { Api } from '../provider.ts';
import { anthropicStreamReader } from './anthropic-stream.ts';
import { anthropicResponseInfo } from './response-info.ts';
import { anthropicUsage } from './usage.ts';

/** Anthropic's Messages API, wherever it is served. */
export const ANTHROPIC_API: Api = {
  // The token counter's answer has no `usage`: counting is not charged.
  usage: (body) => anthropicUsage(asObject(body)?.['usage']),
  response: anthropicResponseInfo,
  stream: anthropicStreamReader,
};
