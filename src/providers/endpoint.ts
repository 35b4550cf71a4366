import type { Operation } from '../core/provider.ts';

export interface Endpoint {
  readonly operation: Operation;
  /** Model or deployment that the path names. */
  readonly model?: string;
  /** True where the path itself asks for a stream. */
  readonly stream: boolean;
}

const OPERATIONS: readonly (readonly [RegExp, Operation])[] = [
  [/\/messages\/count_tokens$|\/responses\/input_tokens$|\/models\/count-tokens:rawPredict$/, 'count_tokens'],
  [/\/chat\/completions$|\/responses(?:\/compact)?$|\/messages$/, 'chat'],
  // Bedrock and Vertex carry the model in the path.
  [
    /\/model\/[^/]+\/(?:invoke|converse)(?:-with-response-stream|-stream)?$|\/models\/[^/]+:(?:streamR|r)awPredict$/,
    'chat',
  ],
  [/\/completions$|\/complete$/, 'text_completion'],
  [/\/embeddings$/, 'embeddings'],
  [/\/moderations$/, 'moderation'],
  [/\/images\/(?:generations|edits|variations)$/, 'image'],
  [/\/audio\/(?:speech|transcriptions|translations)$/, 'audio'],
];

const PATH_MODEL = /\/(?:deployments|model|models|engines)\/([^/:]+(?::[^/:]+)*?)(?::(?:streamR|r)awPredict)?(?:\/|$)/;
const STREAMING = /(?:-with-response-stream|\/converse-stream|:streamRawPredict)$/;

/** Reads a path (`/chat/completions`, `/openai/v1/embeddings`, `/v1/messages?beta=true`) or a whole URL. */
export function readEndpoint(method: string | undefined, path: string | undefined): Endpoint {
  const bare = (path ?? '')
    .replace(/^[a-z]+:\/\/[^/]*/i, '')
    .replace(/[?#].*$/s, '')
    .replace(/\/+$/, '');
  const posts = method === undefined || method.toLowerCase() === 'post';
  const operation = (posts && OPERATIONS.find(([pattern]) => pattern.test(bare))?.[1]) || 'other';
  const model = operation === 'other' || operation === 'count_tokens' ? undefined : PATH_MODEL.exec(bare)?.[1];
  return { operation, ...(model === undefined ? {} : { model: decode(model) }), stream: STREAMING.test(bare) };
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    // Not an encoded segment: a stray % is part of the name.
    return segment;
  }
}
