import type { Attempt } from '../../core/attempt.ts';
import type { Failure } from '../../core/outcome.ts';
import { readJsonBody } from '../errors/error-body.ts';
import { UNFINISHED } from '../errors/classify-connection.ts';
import { errorIn, isJson } from './read-answer.ts';

/** Whether a head announces that nothing follows, in place of an answer: the SDKs would return `undefined`. */
export function isEmptyAnswer(response: Response, answers: boolean): boolean {
  return answers && response.status === 200 && response.headers.get('content-length') === '0';
}

/**
 * Classifies what a server sends with status 200 in place of an answer, before its head is delivered: nothing, or an
 * error instead of the requested stream, whose replacement has another type.
 */
export async function refusalInHead(
  response: Response,
  { call }: Attempt,
  maxMs: number,
): Promise<Failure | undefined> {
  if (isEmptyAnswer(response, call.ownsAnswer)) return UNFINISHED;
  if (!call.ownsAnswer || !isJson(response)) return undefined;
  const { clock, adapter } = call;
  const body = await readJsonBody(response, clock, maxMs);
  const error = errorIn(body, { adapter, answers: true, clock });
  return error?.besideContent === false ? error.failure : undefined;
}
