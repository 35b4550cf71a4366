import { asObject, parseJson } from '../parse/json.ts';

/** The tier for spare capacity, at OpenAI and Groq. */
export const FLEX = 'flex';

/** A request's body with the standard tier in place of flex; unchanged if it does not ask for flex, or is not JSON. */
export function withoutFlex<T>(body: T): T | string {
  const text = textOf(body);
  if (text === undefined) return body;
  const parsed = asObject(parseJson(text));
  if (parsed?.['service_tier'] !== FLEX) return body;
  const { service_tier: _, ...rest } = parsed;
  return JSON.stringify(rest);
}

function textOf(body: unknown): string | undefined {
  if (typeof body === 'string') return body;
  return body instanceof ArrayBuffer || ArrayBuffer.isView(body) ? new TextDecoder().decode(body) : undefined;
}
