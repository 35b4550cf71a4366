import type { Attempt } from '../../core/attempt.ts';
import type { Failure } from '../../core/outcome.ts';
import { readJsonBody } from '../errors/error-body.ts';
import { errorIn, isJson } from './read-answer.ts';

/**
 * What an error means that a server gives, with status 200, in place of the stream that it was asked for. It is read
 * before the head is handed over: what takes its place is a stream, and has another type.
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
