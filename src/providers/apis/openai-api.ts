import { asObject } from '../parse/json.ts';
import type { Api } from '../provider.ts';
import { openAIStreamReader } from './openai-stream.ts';
import { openAIResponseInfo } from './response-info.ts';
import { openAIBodyUsage } from './usage.ts';

/** OpenAI's API, also of compatible servers. */
export const OPENAI_API: Api = {
  usage: (body) => openAIBodyUsage(asObject(body) ?? {}),
  response: openAIResponseInfo,
  stream: openAIStreamReader,
};
