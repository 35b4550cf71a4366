import { openAsBlob } from 'node:fs';
import { textLines } from '../../../core/byte-lines.ts';
import { type Target, urlOf } from '../target.ts';
import {
  type BatchApi,
  BatchApiError,
  type BatchOutcome,
  type BatchState,
  type FoundBatch,
  type LostBatch,
  type Senders,
} from './batch-api.ts';

/** As `MessageBatch` of the SDK. */
interface MessageBatch {
  readonly id: string;
  readonly processing_status: string;
  readonly created_at: string;
  readonly request_counts: Readonly<Record<string, number>>;
}

interface Page {
  readonly data: readonly MessageBatch[];
  readonly has_more: boolean;
  readonly last_id: string | null;
}

interface ResultLine {
  readonly custom_id?: unknown;
  readonly result?:
    | { readonly type: 'succeeded'; readonly message: unknown }
    | {
        readonly type: 'errored';
        readonly error: { readonly error?: { readonly type?: string }; readonly request_id?: string | null };
      }
    | { readonly type: 'canceled' | 'expired' };
}

/** Statuses by the type of an error, as the API answers single requests. */
const STATUS: Readonly<Record<string, number>> = {
  invalid_request_error: 400,
  authentication_error: 401,
  billing_error: 402,
  permission_error: 403,
  not_found_error: 404,
  request_too_large: 413,
  rate_limit_error: 429,
  api_error: 500,
  timeout_error: 504,
  overloaded_error: 529,
};

/** The provider's clock and ours may differ by so much. */
const CLOCKS_MS = 120_000;

/** Anthropic's Message Batches. */
export function anthropicBatches(target: Target, { send, sendOnce }: Senders): BatchApi {
  const ask = async (doing: string, path: string, init: RequestInit = {}, by = send): Promise<Response> => {
    const response = await by(urlOf(target, `/v1/messages/batches${path}`), { ...init, headers: target.headers });
    if (!response.ok) throw new BatchApiError(response.status, await response.text(), doing);
    return response;
  };
  const results = async (id: string): Promise<AsyncIterable<Uint8Array>> =>
    (await ask('a download', `/${id}/results`)).body as AsyncIterable<Uint8Array>;
  return {
    mostRows: 100_000,
    // 256 MB.
    mostBytes: 255_000_000,
    form: { head: '{"requests":[\n', between: ',\n', tail: '\n]}' },
    groupOf: () => '',
    lineOf: ({ customId, body }) => JSON.stringify({ custom_id: customId, params: body }),
    async create({ path }) {
      const made = await ask('a batch', '', { method: 'POST', body: await openAsBlob(path) }, sendOnce);
      return ((await made.json()) as MessageBatch).id;
    },
    /**
     * A batch has no name of ours here, and tells its rows when it has ended. Until then one of as many rows, begun since, is taken for
     * it; results of other rows are of no use, and those rows go row by row.
     */
    async find(lost) {
      let guess: FoundBatch | undefined;
      for (let after = ''; ;) {
        const {
          data,
          has_more: more,
          last_id: last,
        } = (await (await ask('a list of batches', `?limit=100${after}`)).json()) as Page;
        for (const batch of data) {
          if (Date.parse(batch.created_at) < lost.sinceMs - CLOCKS_MS) return guess;
          if (!mayBe(batch, lost)) continue;
          if (batch.processing_status !== 'ended') guess = { id: batch.id, guessed: true };
          else if (lost.isOwnRow(await firstRowOf(await results(batch.id)))) return { id: batch.id, guessed: false };
        }
        if (!more || last === null) return guess;
        after = `&after_id=${last}`;
      }
    },
    async look(id): Promise<BatchState> {
      const { processing_status: status } = (await (await ask('a look at a batch', `/${id}`)).json()) as MessageBatch;
      return { state: status === 'ended' ? 'ended' : 'running' };
    },
    async results(id) {
      return [await results(id)];
    },
    read(text) {
      const line = JSON.parse(text) as ResultLine;
      return typeof line.custom_id === 'string' && line.result
        ? { customId: line.custom_id, outcome: outcomeOf(line.result) }
        : undefined;
    },
    async cancel(id) {
      await (await ask('a cancellation', `/${id}/cancel`, { method: 'POST' })).text();
    },
  };
}

function mayBe({ id, request_counts: counts }: MessageBatch, { rows, isOther }: LostBatch): boolean {
  return Object.values(counts).reduce((sum, count) => sum + count, 0) === rows && !isOther(id);
}

async function firstRowOf(body: AsyncIterable<Uint8Array>): Promise<string> {
  for await (const text of textLines(body)) {
    return String((JSON.parse(text) as ResultLine).custom_id);
  }
  return '';
}

function outcomeOf(result: NonNullable<ResultLine['result']>): BatchOutcome {
  switch (result.type) {
    case 'succeeded':
      return { kind: 'answered', response: { status_code: 200, request_id: '', body: result.message } };
    case 'errored': {
      const { error } = result;
      const status_code = STATUS[error.error?.type ?? ''] ?? 500;
      return { kind: 'answered', response: { status_code, request_id: error.request_id ?? '', body: error } };
    }
    default:
      return { kind: 'unfinished' };
  }
}
