import { type Target, urlOf } from '../target.ts';
import { type BatchApi, BatchApiError, type BatchOutcome, type BatchState } from './batch-api.ts';

/** As `MessageBatch` of the SDK. */
interface MessageBatch {
  readonly id: string;
  readonly processing_status: string;
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

/** Anthropic's Message Batches. */
export function anthropicBatches(target: Target, send: typeof fetch): BatchApi {
  const ask = async (doing: string, path: string, init: RequestInit = {}): Promise<Response> => {
    const response = await send(urlOf(target, `/v1/messages/batches${path}`), { ...init, headers: target.headers });
    if (!response.ok) throw new BatchApiError(response.status, await response.text(), doing);
    return response;
  };
  return {
    mostRows: 100_000,
    // 256 MB, of which the brackets around the requests take some.
    mostBytes: 255_000_000,
    groupOf: () => '',
    async create(requests) {
      const rows = requests.map(({ customId, body }) => ({ custom_id: customId, params: body }));
      // As bytes: a text of hundreds of megabytes would be looked at for what it asks for.
      const made = await ask('a batch', '', { method: 'POST', body: new Blob([JSON.stringify({ requests: rows })]) });
      return ((await made.json()) as MessageBatch).id;
    },
    async look(id): Promise<BatchState> {
      const { processing_status: status } = (await (await ask('a look at a batch', `/${id}`)).json()) as MessageBatch;
      return { state: status === 'ended' ? 'ended' : 'running' };
    },
    async results(id) {
      return [(await ask('a download', `/${id}/results`)).body as AsyncIterable<Uint8Array>];
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
