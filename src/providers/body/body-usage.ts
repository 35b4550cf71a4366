import type { BodyEnd } from '../../core/attempt.ts';
import type { Usage } from '../../core/outcome.ts';
import type { ProviderAdapter } from '../../core/provider.ts';
import { parseJson } from '../parse/json.ts';

type Facts = Pick<BodyEnd, 'usage' | 'response'>;

const NOTHING: Facts = {};

/** Larger bodies tell no more than their usage: parsing them a second time would cost too much. */
const PARSE_LIMIT_CHARS = 16_384;

/** What a body that was read as JSON tells about its call. */
export function jsonFacts(value: unknown, adapter: ProviderAdapter): Facts {
  return { usage: adapter.readUsage(value), response: () => adapter.readResponse(value) };
}

/** The same of a body that was read as text; all but the usage is parsed only when somebody asks. */
export function textFacts(text: unknown, adapter: ProviderAdapter): Facts {
  // 123 is `{`.
  if (typeof text !== 'string' || text.charCodeAt(0) !== 123) return NOTHING;
  const usage = findUsage(text, adapter);
  if (text.length > PARSE_LIMIT_CHARS) return { usage };
  return { usage, response: () => adapter.readResponse(parseJson(text)) };
}

const KEY = '"usage"';

/** Usage in a JSON text. Inside a JSON string the quotes of the key would be escaped. */
function findUsage(text: string, adapter: ProviderAdapter): Usage | undefined {
  for (let at = text.indexOf(KEY); at !== -1; at = text.indexOf(KEY, at + KEY.length)) {
    const start = text.indexOf('{', at);
    if (start === -1 || text.slice(at + KEY.length, start).trim() !== ':') continue;
    const usage = adapter.readUsage({ usage: parseJson(text.slice(start, endOfObject(text, start))) });
    if (usage) return usage;
  }
  return undefined;
}

/** End of an object of numbers and names, in which no string holds a brace. */
function endOfObject(text: string, start: number): number {
  let depth = 0;
  for (let index = start; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code === 123) depth++;
    else if (code === 125 && --depth === 0) return index + 1;
  }
  return text.length;
}
