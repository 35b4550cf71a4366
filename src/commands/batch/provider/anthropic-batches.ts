import { openAsBlob } from 'node:fs';
import { textLines } from '../../../core/byte-lines.ts';
import { parseExact } from '../exact-numbers.ts';
import type { Target } from '../target.ts';
import type { BatchApi, BatchOutcome, BatchState, FoundBatch, LostBatch, Senders } from './batch-api.ts';
import { batchClient } from './batch-client.ts';
import { isPassingStatus } from './row-status.ts';

/** As `MessageBatch` of the SDK. */
interface MessageBatch {
  readonly id: string;
  readonly processing_status: string;
  readonly created_at: string;
  readonly cancel_initiated_at?: string | null;
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

const isBatch = ({ id, processing_status: status, request_counts: counts }: MessageBatch): boolean =>
  typeof id === 'string' && id !== '' && typeof status === 'string' && typeof counts === 'object' && counts !== null;

const isPage = ({ data }: Page): boolean => Array.isArray(data) && data.every(isBatch);

/** Anthropic's Message Batches. */
export function anthropicBatches(target: Target, { send, sendOnce }: Senders): BatchApi {
  const { ask, askFor } = batchClient(target, '/v1/messages/batches', { send });
  const list = (query: string): Promise<Page> => askFor('list batches', isPage, `?${query}`);
  const results = async (id: string): Promise<AsyncIterable<Uint8Array>> =>
    (await ask('download results', `/${id}/results`)).body as AsyncIterable<Uint8Array>;
  return {
    mostRows: 100_000,
    // 256 MB.
    mostBytes: 255_000_000,
    form: { head: '{"requests":[\n', between: ',\n', tail: '\n]}' },
    groupOf: () => '',
    lineOf: ({ customId, body }) => JSON.stringify({ custom_id: customId, params: body }),
    /** Finds the newest existing batch: ours is created after it, whatever the clocks say. */
    async prepare() {
      const { data } = await list('limit=1');
      return data[0] ? `${data[0].created_at} ${data[0].id}` : '';
    },
    async create({ path }) {
      const init = { method: 'POST' as const, body: await openAsBlob(path), headers: target.headers };
      return (await askFor('create a batch', isBatch, '', init, sendOnce)).id;
    },
    /**
     * Message batches carry no name of ours and reveal their rows only once they have ended. Until then a batch with
     * the same number of rows that was created since is assumed to be ours; if its results turn out to be of other
     * rows, ours are sent row by row.
     */
    async find(lost) {
      const [since = '', before = ''] = lost.mark.split(' ');
      let guess: FoundBatch | undefined;
      for (let after = ''; ;) {
        const { data, has_more: more, last_id: last } = await list(`limit=100${after}`);
        for (const batch of data) {
          // The reference batch may have been deleted since.
          if (batch.id === before || Date.parse(batch.created_at) < Date.parse(since)) return guess;
          if (!mayBe(batch, lost)) continue;
          if (batch.processing_status !== 'ended') guess = { id: batch.id, guessed: true };
          else if (lost.isOwnRow(await firstRowOf(await results(batch.id)))) return { id: batch.id, guessed: false };
        }
        if (!more || last === null) return guess;
        after = `&after_id=${last}`;
      }
    },
    async discard() {},
    async look(id): Promise<BatchState> {
      const batch = await askFor('check a batch', isBatch, `/${id}`);
      // The counts stay 0 until the batch has ended.
      if (batch.processing_status !== 'ended') return { state: 'running', isNew: false, done: undefined };
      const { succeeded = 0 } = batch.request_counts;
      return { state: 'ended', isCancelled: typeof batch.cancel_initiated_at === 'string', answered: succeeded };
    },
    async results(id) {
      return [await results(id)];
    },
    read(text) {
      const line = parseExact(text) as ResultLine;
      return typeof line.custom_id === 'string' && line.result
        ? { customId: line.custom_id, outcome: outcomeOf(line.result) }
        : undefined;
    },
    async cancel(id) {
      await (await ask('cancel a batch', `/${id}/cancel`, { method: 'POST' })).text();
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
      if (isPassingStatus(status_code)) return { kind: 'unfinished' };
      return { kind: 'answered', response: { status_code, request_id: error.request_id ?? '', body: error } };
    }
    default:
      return { kind: 'unfinished' };
  }
}
