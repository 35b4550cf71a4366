import { parseJson } from '../parse/json.ts';
import type { JsonObject } from '../parse/json.ts';
import { lastMember } from '../parse/last-member.ts';

const TYPE = /^\s*\{\s*"type"\s*:\s*"([\w.]{1,64})"/;
// Quotes inside of strings are escaped, so that this matches a key only.
const FINISH_REASON = /"finish_reason"\s*:\s*"(\w{1,64})"/;

/** The type, counts and finish reason in the two ends of a long event, in the event's own form. */
export function clippedEvent(data: string): JsonObject {
  const type = TYPE.exec(data)?.[1];
  const usage = memberOf(data, 1);
  const inner = usage === undefined ? memberOf(data, 2) : undefined;
  const reason = FINISH_REASON.exec(data)?.[1];
  return {
    ...(type === undefined ? {} : { type }),
    ...(usage === undefined ? {} : { usage }),
    ...(inner === undefined ? {} : { response: { usage: inner } }),
    ...(reason === undefined ? {} : { choices: [{ index: 0, finish_reason: reason }] }),
  };
}

function memberOf(data: string, level: number): unknown {
  const text = lastMember(data, 'usage', level);
  const value = text === undefined ? undefined : parseJson(text);
  return value === null ? undefined : value;
}
