import type { JsonObject } from '../json.ts';
import { asArray, asObject } from '../json.ts';
import { BATCHES_POOL } from '../limits/pool.ts';
import { randomId } from '../random.ts';
import { type AnswerRow, type BatchSettings, rowOf, TimedBatch } from './timed-batch.ts';
import { cursorPage } from './cursor-page.ts';
import type { Work, WorkContext } from './work.ts';
import { BadRequest, NotFound, unlimited } from './work.ts';

const CUSTOM_ID = /^[A-Za-z0-9_-]{1,64}$/;
const MAX_REQUESTS = 100_000;

/** Anthropic's Message Batches. */
export class MessageBatches {
  readonly #batches = new Map<string, { readonly timed: TimedBatch; readonly origin: string }>();

  create(context: WorkContext, body: JsonObject, origin: string, settings: BatchSettings, answer: AnswerRow): Work {
    const requests = asArray(body.requests).map(asObject);
    if (requests.length === 0) throw new BadRequest('at least one request is required', 'requests');
    if (requests.length > MAX_REQUESTS)
      throw new BadRequest(`at most ${MAX_REQUESTS} requests are allowed`, 'requests');
    const ids = new Set<unknown>();
    for (const { custom_id: id } of requests) {
      if (typeof id !== 'string' || !CUSTOM_ID.test(id)) {
        throw new BadRequest(`custom_id should match pattern '${CUSTOM_ID.source}'`, 'requests');
      }
      if (ids.has(id)) throw new BadRequest(`custom_id ${id} is not unique`, 'requests');
      ids.add(id);
    }
    const rows = requests.map((request) =>
      rowOf(request.custom_id, () => answer('/v1/messages', asObject(request.params), context), context, settings),
    );
    const timed = new TimedBatch(`msgbatch_01${randomId(context.random, 22)}`, rows, settings.seconds, context);
    this.#batches.set(timed.id, { timed, origin });
    return {
      ...unlimited({ ...show(timed, origin, -Infinity) }),
      model: BATCHES_POOL,
      cost: { inputTokens: 0, cachedTokens: 0, maxOutputTokens: 0 },
    };
  }

  list({ now }: WorkContext, query: URLSearchParams): Work {
    const newestFirst = Array.from(this.#batches.values(), ({ timed, origin }) => show(timed, origin, now)).reverse();
    return unlimited(cursorPage(newestFirst, query, 'after_id', 'before_id'));
  }

  get({ now }: WorkContext, id: string): Work {
    const { timed, origin } = this.#find(id);
    return unlimited(show(timed, origin, now));
  }

  cancel({ now }: WorkContext, id: string): Work {
    const { timed, origin } = this.#find(id);
    const ended = timed.ended(now);
    timed.cancel(now);
    return unlimited(
      ended ? show(timed, origin, now) : { ...show(timed, origin, -Infinity), processing_status: 'canceling' },
    );
  }

  /** Results in a different order than the requests, as at Anthropic. */
  results({ now }: WorkContext, id: string): Work {
    const { timed } = this.#find(id);
    if (!timed.ended(now)) throw new NotFound(`Batch ${id} has no results yet`);
    const states = timed.states();
    const lines = timed.rows.map(({ customId, status, body }, index) => {
      const state = states[index]!;
      if (state !== 'done') return { custom_id: customId, result: { type: state } };
      if (status === 200) return { custom_id: customId, result: { type: 'succeeded', message: body } };
      const { message } = (body as { error: { message: string } }).error;
      const error = {
        type: 'error',
        error: { type: 'invalid_request_error', message },
        request_id: null,
      };
      return { custom_id: customId, result: { type: 'errored', error } };
    });
    const text = lines.reverse().map((line) => `${JSON.stringify(line)}\n`);
    return { ...unlimited(Buffer.from(text.join(''))), contentType: 'application/binary' };
  }

  #find(id: string): { readonly timed: TimedBatch; readonly origin: string } {
    const batch = this.#batches.get(id);
    if (!batch) throw new NotFound(`No batch with id ${id}`);
    return batch;
  }
}

function show(timed: TimedBatch, origin: string, now: number): JsonObject {
  const { id, rows, wallMs } = timed;
  const ended = timed.ended(now);
  const states = timed.states();
  const of = (state: string): number => states.filter((each) => each === state).length;
  const succeeded = rows.filter(({ status }, index) => states[index] === 'done' && status === 200).length;
  const counts = ended
    ? { processing: 0, succeeded, errored: of('done') - succeeded, canceled: of('canceled'), expired: of('expired') }
    : { processing: rows.length, succeeded: 0, errored: 0, canceled: 0, expired: 0 };
  return {
    id,
    type: 'message_batch',
    processing_status: ended ? 'ended' : 'in_progress',
    request_counts: counts,
    ended_at: ended ? new Date(timed.endedWallMs).toISOString() : null,
    created_at: new Date(wallMs).toISOString(),
    expires_at: new Date(wallMs + 86_400_000).toISOString(),
    archived_at: null,
    cancel_initiated_at: timed.canceled ? new Date(timed.endedWallMs).toISOString() : null,
    results_url: ended ? `${origin}/v1/messages/batches/${id}/results` : null,
  };
}
