import { type Target, urlOf } from '../target.ts';
import { type BatchApi, BatchApiError, type BatchOutcome, type BatchRequest, type BatchState } from './batch-api.ts';

/** As `Batch` of the SDKs of OpenAI and Groq. */
interface Batch {
  readonly id: string;
  readonly status: string;
  readonly output_file_id?: string | null;
  readonly error_file_id?: string | null;
  readonly errors?: { readonly data?: readonly { readonly code?: string; readonly message?: string }[] } | null;
}

interface OutputLine {
  readonly custom_id?: unknown;
  readonly response?: { readonly status_code: number; readonly request_id?: string; readonly body: unknown } | null;
  readonly error?: { readonly code?: string; readonly message?: string } | null;
}

const UNFINISHED: ReadonlySet<string> = new Set(['batch_expired', 'batch_cancelled']);
const ENDED: ReadonlySet<string> = new Set(['completed', 'expired', 'cancelled']);

/** The batch API of OpenAI and Groq: a file of requests in, files of results out. */
export function openaiBatches(target: Target, send: typeof fetch): BatchApi {
  const { 'content-type': _, ...credential } = target.headers;
  const ask = async (doing: string, path: string, init: RequestInit = {}): Promise<Response> => {
    const response = await send(urlOf(target, `/v1${path}`), {
      ...init,
      headers: typeof init.body === 'string' ? target.headers : credential,
    });
    if (!response.ok) throw new BatchApiError(response.status, await response.text(), doing);
    return response;
  };
  const get = async (id: string): Promise<Batch> =>
    (await (await ask('a look at a batch', `/batches/${id}`)).json()) as Batch;
  return {
    mostRows: 50_000,
    // 200 MB by OpenAI's own counting; what separates lines is not counted here.
    mostBytes: 199_000_000,
    // A file is for one endpoint, and at OpenAI for one model.
    groupOf: ({ url, body }) => `${url} ${String(body['model'])}`,
    async create(requests) {
      const form = new FormData();
      form.set('purpose', 'batch');
      const lines = requests.map(lineOf);
      form.set('file', new Blob([lines.join('\n'), '\n'], { type: 'application/jsonl' }), 'tidegate.jsonl');
      const file = (await (await ask('an upload', '/files', { method: 'POST', body: form })).json()) as { id: string };
      const body = { input_file_id: file.id, endpoint: endpointOf(requests[0]!), completion_window: '24h' };
      const made = await ask('a batch', '/batches', { method: 'POST', body: JSON.stringify(body) });
      return ((await made.json()) as Batch).id;
    },
    async look(id): Promise<BatchState> {
      const { status, errors } = await get(id);
      if (ENDED.has(status)) return { state: 'ended' };
      if (status !== 'failed') return { state: 'running' };
      const [first] = errors?.data ?? [];
      return {
        state: 'failed',
        tooMuchQueued: errors?.data?.some(({ code }) => code === 'token_limit_exceeded') ?? false,
        reason: first?.message ?? 'The provider did not say why.',
      };
    },
    async results(id) {
      const { output_file_id: output, error_file_id: errors } = await get(id);
      const files = [output, errors].filter((file): file is string => typeof file === 'string');
      return Promise.all(
        files.map(
          async (file) => (await ask('a download', `/files/${file}/content`)).body as AsyncIterable<Uint8Array>,
        ),
      );
    },
    read(text) {
      const line = JSON.parse(text) as OutputLine;
      return typeof line.custom_id === 'string' ? { customId: line.custom_id, outcome: outcomeOf(line) } : undefined;
    },
    async cancel(id) {
      await (await ask('a cancellation', `/batches/${id}/cancel`, { method: 'POST' })).text();
    },
  };
}

/** The path with its version, as batches want it. */
const endpointOf = ({ url }: BatchRequest): string => url.replace(/^\/openai(?=\/v1\/)/, '');

function lineOf(request: BatchRequest): string {
  const { customId, body } = request;
  return JSON.stringify({ custom_id: customId, method: 'POST', url: endpointOf(request), body });
}

function outcomeOf({ response, error }: OutputLine): BatchOutcome {
  if (response) return { kind: 'answered', response: { ...response, request_id: response.request_id ?? '' } };
  const code = error?.code ?? 'unknown';
  if (UNFINISHED.has(code)) return { kind: 'unfinished' };
  return { kind: 'failed', code, message: error?.message ?? 'The provider did not say why.' };
}
