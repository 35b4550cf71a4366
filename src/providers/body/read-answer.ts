import type { BodyEnd } from '../../core/body-end.ts';
import type { Clock } from '../../core/clock.ts';
import type { Failure } from '../../core/outcome.ts';
import type { ProviderAdapter } from '../../core/provider.ts';
import { UNFINISHED, UNREADABLE } from '../errors/classify-connection.ts';
import { readEmbeddedError } from '../errors/embedded-error.ts';
import { textFacts } from './body-usage.ts';

/** As the SDKs see it: lines of JSON are text. */
export function isJson(response: Response): boolean {
  return /^application\/(?:[\w.-]+\+)?json\b/i.test(response.headers.get('content-type') ?? '');
}

/** Whether an intermediary's page came in place of an answer. */
export function isPage(response: Response, { answers }: Pick<AnswerOf, 'answers'>): boolean {
  return answers && /^text\/html\b/i.test(response.headers.get('content-type') ?? '');
}

/** An error inside an answer, classified. */
export interface AnswerError {
  readonly failure: Failure;
  /** Of the form of an error's body. */
  readonly body: object;
  readonly besideContent: boolean;
}

/** Context needed to read an answer. */
interface AnswerOf {
  readonly adapter: ProviderAdapter;
  /** Whether the request is of an API whose answers are known. */
  readonly answers: boolean;
  readonly clock: Clock;
}

/** Classifies an error inside an answer; if nothing replaces it, the reader gets the answer as it arrived. */
export function errorIn(answer: unknown, { adapter, answers, clock }: AnswerOf): AnswerError | undefined {
  const error = answers ? readEmbeddedError(answer) : undefined;
  return error && { ...error, failure: adapter.classify({ body: error.body }, clock.wall()) };
}

/** How the answer with this text ended; `error` if it is one and has no content. */
export function endOfText(text: string, of: AnswerOf): { readonly end: BodyEnd; readonly error?: AnswerError } {
  const { facts, flaw, value } = textFacts(text, of.adapter);
  if (flaw && (text !== '' || of.answers)) {
    return { end: { outcome: 'interrupted', failure: flaw === 'cut' ? UNFINISHED : UNREADABLE, ...facts } };
  }
  const error = errorIn(value, of);
  if (error && !error.besideContent) {
    return { end: { outcome: 'interrupted', failure: error.failure, ...facts }, error };
  }
  return { end: { outcome: 'completed', beside: error?.failure, ...facts } };
}
