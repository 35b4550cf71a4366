import { textWithCause } from '../error-text.ts';
import { parseExact } from './exact-numbers.ts';
import type { Row } from './row-format.ts';
import { type Target, urlOf } from './target.ts';

/** The response, as in the providers' result lines. */
export interface RowResponse {
  readonly status_code: number;
  readonly request_id: string;
  readonly body: unknown;
}

/** A response that is an error. The journal keeps `data`, and so the whole answer. */
export class RowRefused extends Error {
  override readonly name = 'RowRefused';
  readonly status: number;
  readonly data: RowResponse;

  constructor(response: RowResponse) {
    super(`The provider answered with status ${response.status_code}.`);
    this.status = response.status_code;
    this.data = response;
  }
}

export interface RowRequest {
  readonly url: string;
  /** The body, as JSON. */
  readonly text: string;
}

export const requestOf = ({ url, body }: Pick<Row, 'url' | 'body'>): RowRequest => ({
  url,
  text: JSON.stringify(body),
});

/**
 * Sends a row through a guarded fetch, paced and retried like any other call. @throws RowRefused for an error status.
 */
export async function sendRow(
  { url, text: request }: RowRequest,
  target: Target,
  send: typeof fetch,
  signal: AbortSignal,
): Promise<RowResponse> {
  const response = await send(urlOf(target, url), {
    method: 'POST',
    headers: target.headers,
    body: request,
    signal,
  }).catch((error: unknown) => {
    // The journal keeps no cause.
    throw error instanceof TypeError ? new Error(textWithCause(error), { cause: error }) : error;
  });
  const text = await response.text();
  const answer = {
    status_code: response.status,
    request_id: response.headers.get('x-request-id') ?? response.headers.get('request-id') ?? '',
    body: parse(text),
  };
  if (!response.ok) throw new RowRefused(answer);
  return answer;
}

function parse(text: string): unknown {
  try {
    return parseExact(text);
  } catch {
    // Not JSON, such as a proxy's page.
    return text;
  }
}
