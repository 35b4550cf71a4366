import { expectText, ParsedText } from '../body/parsed-text.ts';
import type { ResponseProps } from './sdk-client.ts';
import { tellParseError } from './stream-errors.ts';

/** Of answers that their SDK has begun to parse, by their headers: it alone gives these up by itself. */
const parsed = new WeakSet<Headers>();

export function isParsedBySdk(headers: Headers): boolean {
  return parsed.has(headers);
}

/**
 * Has an SDK parse an answer. What it makes of it tells how the answer ended, and another response takes its place
 * where it is broken, or an error; what the SDK makes of one that nothing replaces is told what broke it.
 */
export async function parseAnswer(parse: () => Promise<unknown>, { response }: ResponseProps): Promise<unknown> {
  parsed.add(response.headers);
  for (;;) {
    const text = new ParsedText();
    try {
      const value = await expectText(text, parse);
      const again = text.parsed(value);
      if (again === false || !(await again)) return value;
    } catch (error) {
      const again = error instanceof SyntaxError ? text.broken() : false;
      if (again !== false && (await again)) continue;
      text.unknown();
      tellParseError(error, response.headers);
      throw error;
    }
  }
}
