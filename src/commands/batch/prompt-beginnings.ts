import type { Row } from './row-format.ts';
import { apiOf, type BatchProvider } from './target.ts';

type Body = Row['body'];

/**
 * Prefix lengths in bytes for prompts without cache marks: OpenAI and Groq start at 1,024 tokens, and rows that share more
 * should find more in the cache.
 */
const LEVELS = [4_096, 16_384, 65_536];

const PATHS = /\/(?:chat\/completions|responses|completions|messages)$/;

/**
 * Prefixes of a row's prompt that the provider may cache, shortest first: at Anthropic up to each mark of the
 * request, elsewhere by length, since caching is automatic.
 */
export function promptBeginnings(
  provider: BatchProvider,
  { url, body }: Row,
  levels: readonly number[] = LEVELS,
): readonly string[] {
  if (!PATHS.test(url)) return [];
  return apiOf(provider) === 'anthropic' ? markedBeginnings(body) : longBeginnings(body, levels);
}

/** In the order of the prompt; absent fields are omitted from the JSON. */
function longBeginnings(body: Body, levels: readonly number[]): readonly string[] {
  const { model, prompt_cache_key: key, tools, response_format, text, instructions } = body;
  const turns = body['messages'] ?? body['input'] ?? body['prompt'];
  const prompt = JSON.stringify({ key, tools, response_format, text, instructions, turns });
  const named = String(model);
  return levels.filter((length) => prompt.length >= length).map((length) => `${named} ${prompt.slice(0, length)}`);
}

/** Tools, system and messages form one prompt of blocks, in which marks end the prefixes to cache. */
function markedBeginnings(body: Body): readonly string[] {
  const blocks = [
    ...listOf(body['tools']),
    ...listOf(body['system']),
    ...listOf(body['messages']).flatMap((message) => {
      const { role, content } = (message ?? {}) as { role?: unknown; content?: unknown };
      return [role, ...listOf(content)];
    }),
  ];
  const marks = blocks.flatMap((block, index) => (isMarked(block) ? [index] : []));
  const settings = JSON.stringify([body['model'], body['tool_choice'], body['thinking']]);
  return marks.map((index) => settings + JSON.stringify(blocks.slice(0, index + 1)));
}

const listOf = (value: unknown): readonly unknown[] =>
  value === undefined ? [] : Array.isArray(value) ? value : [value];

function isMarked(block: unknown): boolean {
  return typeof block === 'object' && block !== null && 'cache_control' in block && block.cache_control !== null;
}
