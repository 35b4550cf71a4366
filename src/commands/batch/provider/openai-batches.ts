import { openAsBlob } from 'node:fs';
import { type Target, urlOf } from '../target.ts';
import {
  type BatchApi,
  BatchApiError,
  type BatchForm,
  type BatchOutcome,
  type BatchRequest,
  type BatchState,
  type Senders,
} from './batch-api.ts';

/** As `Batch` of the SDKs of OpenAI and Groq. */
interface Batch {
  readonly id: string;
  readonly status: string;
  readonly output_file_id?: string | null;
  readonly error_file_id?: string | null;
  readonly metadata?: Readonly<Record<string, unknown>> | null;
  readonly request_counts?: { readonly completed?: number; readonly failed?: number } | null;
  readonly errors?: { readonly data?: readonly { readonly code?: string; readonly message?: string }[] } | null;
}

interface Page {
  readonly data: readonly Batch[];
  readonly has_more?: boolean;
}

interface OutputLine {
  readonly custom_id?: unknown;
  readonly response?: { readonly status_code: number; readonly request_id?: string; readonly body: unknown } | null;
  readonly error?: { readonly code?: string; readonly message?: string } | null;
}

const UNFINISHED: ReadonlySet<string> = new Set(['batch_expired', 'batch_cancelled']);
const ENDED: ReadonlySet<string> = new Set(['completed', 'expired', 'cancelled']);

/** Names a batch in its metadata. */
const TOKEN = 'tidegate_batch';

const BOUNDARY = `tidegate-${crypto.randomUUID()}`;
const MULTIPART = { 'content-type': `multipart/form-data; boundary=${BOUNDARY}` };
const part = (name: string): string => `--${BOUNDARY}\r\nContent-Disposition: form-data; name="${name}"`;

/** A whole body of an upload: fetch ends the process when it makes one of FormData and the server refuses it on the way. */
const FORM: BatchForm = {
  head:
    `${part('purpose')}\r\n\r\nbatch\r\n` +
    `${part('file')}; filename="tidegate.jsonl"\r\nContent-Type: application/jsonl\r\n\r\n`,
  between: '\n',
  tail: `\n\r\n--${BOUNDARY}--\r\n`,
};

/** The batch API of OpenAI and Groq: a file of requests in, files of results out. */
export function openaiBatches(target: Target, { send, sendOnce }: Senders): BatchApi {
  const { 'content-type': _, ...credential } = target.headers;
  const ask = async (doing: string, path: string, init: RequestInit = {}, by = send): Promise<Response> => {
    const response = await by(urlOf(target, `/v1${path}`), {
      headers: typeof init.body === 'string' ? target.headers : credential,
      ...init,
    });
    if (!response.ok) throw new BatchApiError(response.status, await response.text(), doing);
    return response;
  };
  const get = async (id: string): Promise<Batch> =>
    (await (await ask('a look at a batch', `/batches/${id}`)).json()) as Batch;
  return {
    mostRows: 50_000,
    // 200 MB by OpenAI's own counting.
    mostBytes: 199_000_000,
    form: FORM,
    // A file is for one endpoint, and at OpenAI for one model.
    groupOf: ({ url, body }) => `${endpointOf(url)} ${String(body['model'])}`,
    lineOf: ({ customId, url, body }) =>
      JSON.stringify({ custom_id: customId, method: 'POST', url: endpointOf(url), body }),
    async create({ path, token, group }) {
      const upload = { method: 'POST', body: await openAsBlob(path), headers: { ...credential, ...MULTIPART } };
      const file = (await (await ask('an upload', '/files', upload)).json()) as { id: string };
      const [endpoint] = group.split(' ');
      const metadata = { [TOKEN]: token };
      const body = { input_file_id: file.id, endpoint, completion_window: '24h', metadata };
      const made = await ask('a batch', '/batches', { method: 'POST', body: JSON.stringify(body) }, sendOnce);
      return ((await made.json()) as Batch).id;
    },
    async find({ token }) {
      for (let after = ''; ;) {
        const listed = await ask('a list of batches', `/batches?limit=100${after}`);
        const { data, has_more: more } = (await listed.json()) as Page;
        // One that failed was refused, and is asked for anew by the same name.
        const found = data.find(({ metadata, status }) => metadata?.[TOKEN] === token && status !== 'failed');
        if (found) return { id: found.id, guessed: false };
        const last = data.at(-1);
        if (more !== true || !last) return undefined;
        after = `&after=${last.id}`;
      }
    },
    async look(id): Promise<BatchState> {
      const { status, errors, request_counts: counts } = await get(id);
      if (ENDED.has(status)) return { state: 'ended' };
      if (status !== 'failed') {
        const done = (counts?.completed ?? 0) + (counts?.failed ?? 0);
        return { state: 'running', isNew: status === 'validating', done };
      }
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
const endpointOf = (url: BatchRequest['url']): string => url.replace(/^\/openai(?=\/v1\/)/, '');

function outcomeOf({ response, error }: OutputLine): BatchOutcome {
  if (response) return { kind: 'answered', response: { ...response, request_id: response.request_id ?? '' } };
  const code = error?.code ?? 'unknown';
  if (UNFINISHED.has(code)) return { kind: 'unfinished' };
  return { kind: 'failed', code, message: error?.message ?? 'The provider did not say why.' };
}
