import { expectText, ParsedText } from '../body/parsed-text.ts';
import { captureCaller, nameCaller } from './caller-stack.ts';
import type { ResponseProps, SdkRequestOptions } from './sdk-client.ts';
import { explainParseError } from './stream-errors.ts';

/** Requests whose answers the SDK parses, further attempts included: only the SDK gives these up. */
const parsed = new WeakSet<SdkRequestOptions>();

export function isParsedBySdk(options: SdkRequestOptions): boolean {
  return parsed.has(options);
}

/**
 * Lets an SDK parse an answer. The result shows how the answer ended, and another response takes its place
 * if it is broken or an error; if nothing replaces it, the SDK's error carries the reason.
 */
export async function parseAnswer(
  parse: () => Promise<unknown>,
  { response, options }: ResponseProps,
): Promise<unknown> {
  parsed.add(options);
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
      explainParseError(error, response.headers);
      nameCaller(error, captureCaller(), false);
      throw error;
    }
  }
}
