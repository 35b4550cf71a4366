import type { Failure } from '../../core/outcome.ts';
import { UNFINISHED, UNREADABLE } from '../errors/classify-connection.ts';
import { jsonFacts, textFacts } from './body-usage.ts';
import { isCutJson } from './json-text.ts';
import type { TrackedBody } from './open-body.ts';
import { endOfText, errorIn } from './read-answer.ts';

/**
 * The text of an answer that its SDK parses in the same turn. The result shows how the answer
 * ended: parsing it again just for that would double the cost of reading.
 */
export class ParsedText {
  #body: TrackedBody | undefined;
  #text = '';

  /** The text is on its way to the SDK. */
  given(body: TrackedBody, text: string): void {
    this.#body = body;
    this.#text = text;
  }

  /** The SDK has parsed it. Returns whether another response has replaced it and must be parsed instead. */
  parsed(value: unknown): boolean | Promise<boolean> {
    const body = this.#take();
    if (!body) return false;
    // What its headers do not call JSON is handed on as text.
    const text = typeof value === 'string' ? textFacts(value, body.adapter) : undefined;
    const error = errorIn(text ? text.value : value, body);
    const facts = text ? text.facts : jsonFacts(value, body.adapter);
    if (error && !error.besideContent) return replaced(body, error.failure, facts);
    body.end({ outcome: 'completed', beside: error?.failure, ...facts });
    return false;
  }

  /** It is not JSON. Returns whether another response has replaced it. */
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

/** Runs an SDK's parser up to its first await. The text that it requests until then is the one that it parses. */
export function expectText<T>(text: ParsedText, parse: () => T): T {
  const outer = expected;
  expected = text;
  try {
    return parse();
  } finally {
    expected = outer;
  }
}

/** The parser of the text that is being requested; undefined if none is known. Only the first request gets it. */
export function takeExpected(): ParsedText | undefined {
  const text = expected;
  expected = undefined;
  return text;
}
