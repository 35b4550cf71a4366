import type { OpenAIApi, Operation, OutputType } from '../../core/provider.ts';

export interface Endpoint {
  readonly operation: Operation;
  /** Model or deployment in the path. */
  readonly model?: string;
  /** True where the path itself asks for a stream. */
  readonly stream: boolean;
  readonly api?: OpenAIApi | undefined;
  /** What the path alone asks for. */
  readonly outputType?: OutputType | undefined;
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

const APIS: readonly (readonly [RegExp, OpenAIApi])[] = [
  [/\/chat\/completions$/, 'chat_completions'],
  [/\/responses$/, 'responses'],
];

/** Parsed paths of POST requests: an application calls the same few over and over. */
const posted = new Map<string, Endpoint>();
const MAX_KNOWN = 200;
/** No API has longer paths, and some patterns are slow on such. */
const MAX_CHARS = 2_048;

/** Reads a path (`/chat/completions`, `/openai/v1/embeddings`, `/v1/messages?beta=true`) or a whole URL. */
export function readEndpoint(method: string | undefined, path = ''): Endpoint {
  const posts = method === undefined || method.toLowerCase() === 'post';
  const known = posts ? posted.get(path) : undefined;
  if (known) return known;
  const bared = bare(path);
  if (bared.length > MAX_CHARS) return { operation: 'other', stream: false };
  const trimmed = bared.replace(/\/+$/, '');
  if (!posts) return { operation: 'other', stream: STREAMING.test(trimmed) };
  const endpoint = readPosted(trimmed);
  if (posted.size < MAX_KNOWN && path.length <= MAX_CHARS) posted.set(path, endpoint);
  return endpoint;
}

/** The API of a path, if it shows; otherwise the provider's own. */
export function apiOfPath(path = ''): 'openai' | 'anthropic' | undefined {
  const trimmed = bare(path.slice(0, MAX_CHARS)).replace(/\/+$/, '');
  if (/\/messages(?:\/count_tokens)?$/.test(trimmed)) return 'anthropic';
  return /\/(?:chat\/completions|responses|embeddings)$/.test(trimmed) ? 'openai' : undefined;
}

/** Without host and query. */
function bare(path: string): string {
  const end = path.search(/[?#]/);
  return path.slice(0, end === -1 ? undefined : end).replace(/^[a-z]+:\/\/[^/]*/i, '');
}

function readPosted(path: string): Endpoint {
  const operation = OPERATIONS.find(([pattern]) => pattern.test(path))?.[1] ?? 'other';
  const model = operation === 'other' || operation === 'count_tokens' ? undefined : PATH_MODEL.exec(path)?.[1];
  return {
    operation,
    ...(model === undefined ? {} : { model: decode(model) }),
    stream: STREAMING.test(path),
    api: APIS.find(([pattern]) => pattern.test(path))?.[1],
    outputType: operation === 'image' ? 'image' : path.endsWith('/audio/speech') ? 'speech' : undefined,
  };
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    // Not an encoded segment: a stray % is part of the name.
    return segment;
  }
}
