import { expectText, ParsedText } from '../body/parsed-text.ts';
import { PrivateFieldMap } from '../../core/private-field-map.ts';
import { captureCaller, nameCaller } from './caller-stack.ts';
import type { ResponseProps } from './sdk-client.ts';
import { explainParseError } from './stream-errors.ts';

/** The request of an answer that its SDK may parse. */
interface ParsedRequest {
  isParsed: boolean;
}

const requests = new PrivateFieldMap<ParsedRequest>();

/** Call before an answer is handed to the SDK. */
export function watchParser(props: ResponseProps, request: ParsedRequest): void {
  requests.set(props, request);
}

/**
 * Lets an SDK parse an answer. The result shows how the answer ended, and another response takes its place
 * if it is broken or an error; if nothing replaces it, the SDK's error carries the reason.
 */
export async function parseAnswer(parse: () => Promise<unknown>, props: ResponseProps): Promise<unknown> {
  const request = requests.get(props);
  if (request) {
    request.isParsed = true;
    // The SDK's promise keeps `props`, for as long as the application keeps the promise.
    requests.set(props, undefined);
  }
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
      explainParseError(error, props.response.headers);
      nameCaller(error, captureCaller(), false);
      throw error;
    }
  }
}
