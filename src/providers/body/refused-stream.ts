import type { Attempt } from '../../core/attempt.ts';
import type { Failure } from '../../core/outcome.ts';
import { readJsonBody } from '../errors/error-body.ts';
import { errorIn, isJson } from './read-answer.ts';

/**
 * Classifies an error that a server sends with status 200 in place of the requested stream. It is read
 * before the head is delivered, because a replacement is a stream, which has another type.
 */
export async function refusalOfStream(
  response: Response,
  { call }: Attempt,
  maxMs: number,
): Promise<Failure | undefined> {
  if (!call.ownsAnswer || !isJson(response)) return undefined;
  const { clock, adapter } = call;
  const body = await readJsonBody(response, clock, maxMs);
  const error = errorIn(body, { adapter, answers: true, clock });
  return error?.besideContent === false ? error.failure : undefined;
}
