import { openAsBlob } from 'node:fs';
import { harmless } from '../../harmless.ts';
import { parseExact } from '../exact-numbers.ts';
import type { Target } from '../target.ts';
import type {
  BatchApi,
  BatchForm,
  BatchOutcome,
  BatchRefusal,
  BatchRequest,
  BatchState,
  RowRefusal,
  Senders,
} from './batch-api.ts';
import { batchClient } from './batch-client.ts';
import { isPassingStatus } from './row-status.ts';

/** As `Batch` of the SDKs of OpenAI and Groq. */
interface Batch {
  readonly id: string;
  readonly status: string;
  readonly input_file_id?: string;
  readonly output_file_id?: string | null;
  readonly error_file_id?: string | null;
  readonly metadata?: Readonly<Record<string, unknown>> | null;
  readonly request_counts?: { readonly completed?: number; readonly failed?: number } | null;
  readonly errors?: { readonly data?: readonly BatchProblem[] } | null;
}

interface BatchProblem {
  readonly code?: string;
  readonly message?: string;
  /** From 1. */
  readonly line?: number | null;
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
/** Codes of problems with the account: no other file would be accepted either. */
const ACCOUNT: ReadonlySet<string> = new Set([
  'billing_hard_limit_reached',
  'billing_not_active',
  'insufficient_quota',
]);

/** Names a batch in its metadata. */
const TOKEN = 'tidegate_batch';

const BOUNDARY = `tidegate-${crypto.randomUUID()}`;
const MULTIPART = { 'content-type': `multipart/form-data; boundary=${BOUNDARY}` };
const part = (name: string): string => `--${BOUNDARY}\r\nContent-Disposition: form-data; name="${name}"`;

/** Builds an upload's body in full: with FormData, fetch crashes the process if the server refuses during the upload. */
const FORM: BatchForm = {
  head:
    `${part('purpose')}\r\n\r\nbatch\r\n` +
    `${part('file')}; filename="tidegate.jsonl"\r\nContent-Type: application/jsonl\r\n\r\n`,
  between: '\n',
  tail: `\n\r\n--${BOUNDARY}--\r\n`,
};

const isBatch = ({ id, status }: Batch): boolean => typeof id === 'string' && id !== '' && typeof status === 'string';

/** The batch API of OpenAI and Groq: a file of requests in, files of results out. */
export function openaiBatches(target: Target, { send, sendOnce }: Senders): BatchApi {
  const { ask, askFor } = batchClient(target, '/v1', { send });
  const get = (id: string): Promise<Batch> => askFor('check a batch', isBatch, `/batches/${id}`);
  return {
    mostRows: 50_000,
    // 200 MB by OpenAI's own counting.
    mostBytes: 199_000_000,
    form: FORM,
    // A file is for one endpoint, and at OpenAI for one model.
    groupOf: ({ url, body }) => `${endpointOf(url)} ${String(body['model'])}`,
    lineOf: ({ customId, url, body }) =>
      JSON.stringify({ custom_id: customId, method: 'POST', url: endpointOf(url), body }),
    async prepare({ path }) {
      const upload = { method: 'POST' as const, body: await openAsBlob(path), headers: MULTIPART };
      const isFile = ({ id }: { id: string }): boolean => typeof id === 'string' && id !== '';
      return (await askFor('upload the rows', isFile, '/files', upload)).id;
    },
    async create({ token, group }, file) {
      const [endpoint] = group.split(' ');
      const body = { input_file_id: file, endpoint, completion_window: '24h', metadata: { [TOKEN]: token } };
      const init = { method: 'POST' as const, body: JSON.stringify(body) };
      return (await askFor('create a batch', isBatch, '/batches', init, sendOnce)).id;
    },
    async find({ token, mark }) {
      for (let after = '', last = ''; ;) {
        const isPage = ({ data }: Page): boolean => Array.isArray(data) && data.every(isBatch);
        const { data, has_more: more } = await askFor('list batches', isPage, `/batches?limit=100${after}`);
        // A failed batch was refused, and is created again under the same name.
        const found = data.find(
          ({ metadata, input_file_id: file, status }) =>
            (metadata?.[TOKEN] === token || file === mark) && status !== 'failed',
        );
        if (found) return { id: found.id, guessed: false };
        const next = data.at(-1)?.id;
        // A server without pagination returns the same list each time.
        if (more !== true || next === undefined || next === last) return undefined;
        last = next;
        after = `&after=${next}`;
      }
    },
    async discard(file) {
      await (await ask('delete the file of a batch', `/files/${file}`, { method: 'DELETE' }, sendOnce)).text();
    },
    async look(id): Promise<BatchState> {
      const { status, errors, request_counts: counts } = await get(id);
      const answered = counts?.completed ?? 0;
      if (ENDED.has(status)) return { state: 'ended', isCancelled: status === 'cancelled', answered };
      if (status === 'failed') return { state: 'refused', refusal: refusalOf(errors?.data ?? []) };
      return { state: 'running', isNew: status === 'validating', done: answered + (counts?.failed ?? 0) };
    },
    async results(id) {
      const { output_file_id: output, error_file_id: errors } = await get(id);
      const files = [output, errors].filter((file): file is string => typeof file === 'string');
      return Promise.all(
        files.map(
          async (file) => (await ask('download results', `/files/${file}/content`)).body as AsyncIterable<Uint8Array>,
        ),
      );
    },
    read(text) {
      const line = parseExact(text) as OutputLine;
      return typeof line.custom_id === 'string' ? { customId: line.custom_id, outcome: outcomeOf(line) } : undefined;
    },
    async cancel(id) {
      await (await ask('cancel a batch', `/batches/${id}/cancel`, { method: 'POST' })).text();
    },
  };
}

/** The path with its version, as batches require. */
const endpointOf = (url: BatchRequest['url']): string => url.replace(/^\/openai(?=\/v1\/)/, '');

function refusalOf(problems: readonly BatchProblem[]): BatchRefusal {
  const queued = problems.find(({ code }) => code === 'token_limit_exceeded');
  if (queued) {
    const limit = /Limit: ([\d,]+) enqueued tokens/i.exec(queued.message ?? '')?.[1]?.replaceAll(',', '');
    return { kind: 'queue', limitTokens: limit === undefined ? undefined : Number(limit) };
  }
  const [first] = problems;
  const account = problems.find(({ code }) => ACCOUNT.has(code ?? ''));
  if (account) return { kind: 'account', ...toldOf(account) };
  const rows = new Map(
    problems.flatMap((problem) =>
      typeof problem.line === 'number' && problem.line > 0 ? [[problem.line - 1, toldOf(problem)] as const] : [],
    ),
  );
  return rows.size > 0 ? { kind: 'rows', rows } : { kind: 'batch', ...toldOf(first ?? {}) };
}

const toldOf = ({ code, message }: BatchProblem): RowRefusal => ({
  code: code ?? 'batch_failed',
  message: harmless(message ?? 'The provider gave no reason.'),
});

function outcomeOf({ response, error }: OutputLine): BatchOutcome {
  if (typeof response?.status_code === 'number') {
    if (isPassingStatus(response.status_code)) return { kind: 'unfinished' };
    return { kind: 'answered', response: { ...response, request_id: response.request_id ?? '' } };
  }
  const code = error?.code ?? 'unknown';
  if (UNFINISHED.has(code)) return { kind: 'unfinished' };
  return { kind: 'failed', code, message: error?.message ?? 'The provider gave no reason.' };
}
