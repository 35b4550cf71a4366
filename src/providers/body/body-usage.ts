import type { BodyEnd } from '../../core/attempt.ts';
import type { ProviderAdapter } from '../../core/provider.ts';
import { parseJson } from '../parse/json.ts';
import { lastMember } from '../parse/last-member.ts';

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
  if (typeof text !== 'string') return NOTHING;
  const member = lastMember(text, 'usage');
  const usage = member === undefined ? undefined : adapter.readUsage({ usage: parseJson(member) });
  if (text.length > PARSE_LIMIT_CHARS) return { usage };
  return { usage, response: () => adapter.readResponse(parseJson(text)) };
}
