import type { BatchApi } from './target.ts';
import type { BatchResult } from '../../batch/result.ts';
import type { RowResponse } from './send-row.ts';

/** A row's line in the results or errors file, as in the provider's own batches. */
export function resultLine(row: BatchResult<RowResponse>, api: BatchApi): string {
  return JSON.stringify(api === 'anthropic' ? anthropicLine(row) : openaiLine(row));
}

function openaiLine(row: BatchResult<RowResponse>): object {
  const head = { id: `tidegate_req_${row.index}`, custom_id: row.id };
  if (row.status === 'ok') return { ...head, response: row.value, error: null };
  const { message, code, data } = row.error as RowError;
  if (data !== undefined) return { ...head, response: data, error: null };
  return { ...head, response: null, error: { code: code ?? 'request_failed', message } };
}

function anthropicLine(row: BatchResult<RowResponse>): object {
  const custom_id = row.id;
  if (row.status === 'ok') return { custom_id, result: { type: 'succeeded', message: row.value.body } };
  const { message, data } = row.error as RowError;
  const body = data?.body;
  const error =
    typeof body === 'object' && body !== null && 'error' in body
      ? { request_id: data!.request_id, ...body }
      : { type: 'error', error: { type: 'api_error', message }, request_id: data?.request_id ?? null };
  return { custom_id, result: { type: 'errored', error } };
}

interface RowError {
  readonly message: string;
  readonly code?: string;
  /** Of a row that was answered. */
  readonly data?: RowResponse;
}
