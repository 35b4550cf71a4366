import type { BodyEnd } from '../../core/body-end.ts';
import type { ProviderAdapter } from '../../core/provider.ts';
import { isCutJson, looksCut } from './json-text.ts';
import { parseJson } from '../parse/json.ts';
import { lastMember } from '../parse/last-member.ts';

type Facts = Pick<BodyEnd, 'usage' | 'response'>;

const NOTHING: Facts = {};

/** Only usage is read of larger bodies: parsing them a second time would cost too much. */
const PARSE_LIMIT_CHARS = 16_384;

/** Usage and outcome of a body that was read as JSON. */
export function jsonFacts(value: unknown, adapter: ProviderAdapter): Facts {
  return { usage: adapter.readUsage(value), response: () => adapter.readResponse(value) };
}

/** How a text fails to be JSON: it ends too early, or it is something else. */
export type Flaw = 'cut' | 'unreadable';

export interface TextFacts {
  readonly facts: Facts;
  /** The parsed body; undefined where it was not parsed. */
  readonly value?: unknown;
  /** Only where the text should be JSON. */
  readonly flaw: Flaw | undefined;
}

/** Usage and outcome of a body that was read as text. */
export function textFacts(text: unknown, adapter: ProviderAdapter): TextFacts {
  if (typeof text !== 'string') return { facts: NOTHING, flaw: undefined };
  if (text.length > PARSE_LIMIT_CHARS) {
    const member = lastMember(text, 'usage');
    const usage = member === undefined ? undefined : adapter.readUsage({ usage: parseJson(member) });
    return { facts: { usage }, flaw: looksCut(text) ? 'cut' : undefined };
  }
  const value = parseJson(text);
  if (value !== undefined) return { facts: jsonFacts(value, adapter), value, flaw: undefined };
  return { facts: NOTHING, flaw: isCutJson(text) ? 'cut' : 'unreadable' };
}
