import type { Failure } from '../../core/outcome.ts';
import { UNFINISHED, UNREADABLE } from '../errors/classify-connection.ts';
import { jsonFacts } from './body-usage.ts';
import { isCutJson } from './json-text.ts';
import type { TrackedBody } from './open-body.ts';
import { endOfText, errorIn } from './read-answer.ts';

/**
 * The text of an answer that its SDK parses itself, in the same turn. What it makes of the text tells how the answer has
 * ended: to parse it once more, only to know that, would double what reading it costs.
 */
export class ParsedText {
  #body: TrackedBody | undefined;
  #text = '';

  /** The text is on its way to the SDK. */
  given(body: TrackedBody, text: string): void {
    this.#body = body;
    this.#text = text;
  }

  /** The SDK has parsed it. Whether another response has taken its place, which is to be parsed instead. */
  parsed(value: unknown): boolean | Promise<boolean> {
    const body = this.#take();
    if (!body) return false;
    const error = errorIn(value, body);
    const facts = jsonFacts(value, body.adapter);
    if (error && !error.besideContent) return replaced(body, error.failure, facts);
    body.end({ outcome: 'completed', beside: error?.failure, ...facts });
    return false;
  }

  /** It is no JSON. Whether another response has taken its place. */
  broken(): boolean | Promise<boolean> {
    const body = this.#take();
    return body ? replaced(body, isCutJson(this.#text) ? UNFINISHED : UNREADABLE) : false;
  }

  /** Its outcome will not be reported: the SDK has abandoned it meanwhile. */
  unknown(): void {
    const body = this.#take();
    body?.end(endOfText(this.#text, body).end);
  }

  #take(): TrackedBody | undefined {
    const body = this.#body;
    this.#body = undefined;
    return body;
  }
}

async function replaced(body: TrackedBody, failure: Failure, facts?: ReturnType<typeof jsonFacts>): Promise<boolean> {
  if (await body.replace(failure, facts)) return true;
  body.end({ outcome: 'interrupted', failure, ...facts });
  return false;
}

let expected: ParsedText | undefined;

/** Runs an SDK's parser up to its first wait. The text that it asks for until then is the one that it parses. */
export function expectText<T>(text: ParsedText, parse: () => T): T {
  const outer = expected;
  expected = text;
  try {
    return parse();
  } finally {
    expected = outer;
  }
}

/** Who parses the text that is asked for now; undefined where nobody says. For the first who asks. */
export function takeExpected(): ParsedText | undefined {
  const text = expected;
  expected = undefined;
  return text;
}
