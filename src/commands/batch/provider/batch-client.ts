import { systemClock } from '../../../core/clock.ts';
import type { Outcome } from '../../../core/outcome.ts';
import { parseJson } from '../../../providers/parse/json.ts';
import { adapterFor } from '../../../providers/registry.ts';
import { harmless } from '../../harmless.ts';
import { providerName, type Target, urlOf } from '../target.ts';
import type { BatchRefusal, Senders } from './batch-api.ts';

/** Outcomes that may differ on a later attempt. */
const PASSING: ReadonlySet<Outcome> = new Set([
  'throttled',
  'overloaded',
  'server_error',
  'timeout',
  'connection',
  'conflict',
]);

const MAX_MESSAGE = 300;

/** A refusal of the provider's batch API. */
export class BatchApiError extends Error {
  override readonly name = 'BatchApiError';
  readonly status: number;
  readonly outcome: Outcome;
  /** The provider's own words. */
  readonly code: string;
  readonly said: string;

  constructor(status: number, outcome: Outcome, doing: string, { code, message }: Told) {
    super(`Could not ${doing}: the provider answered ${status}${message === '' ? '.' : `: ${message}`}`);
    this.status = status;
    this.outcome = outcome;
    this.code = code || `http_${status}`;
    this.said = message || `The provider answered ${status}.`;
  }

  get isPassing(): boolean {
    return PASSING.has(this.outcome);
  }

  /** The provider's objection to the requested batch; undefined for other errors. */
  get refusal(): BatchRefusal | undefined {
    if (this.outcome === 'too_large' || this.status === 413) return { kind: 'size' };
    return this.outcome === 'bad_request' ? { kind: 'batch', code: this.code, message: this.said } : undefined;
  }
}

interface Told {
  readonly code: string;
  readonly message: string;
}

interface BatchInit {
  readonly method?: 'POST' | 'DELETE';
  readonly body?: string | Blob;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface BatchClient {
  /** `doing` describes the request in errors. */
  ask(doing: string, path: string, init?: BatchInit, by?: typeof fetch): Promise<Response>;
  /** The same for an object that `isWhole` accepts, which rejects the error page of a proxy or a truncated answer. */
  askFor<T>(doing: string, isWhole: (value: T) => boolean, ...request: [string, BatchInit?, typeof fetch?]): Promise<T>;
}

/** Requests to the batch API at `base`, a path with its version. */
export function batchClient(target: Target, base: string, { send }: Pick<Senders, 'send'>): BatchClient {
  const { 'content-type': _, ...credential } = target.headers;
  const { classify } = adapterFor(providerName(target.provider));

  async function ask(doing: string, path: string, init: BatchInit = {}, by = send): Promise<Response> {
    const headers = { ...(typeof init.body === 'string' ? target.headers : credential), ...init.headers };
    const response = await by(urlOf(target, base + path), { ...init, headers });
    if (response.ok) return response;
    const body = parseJson(await response.text());
    const { outcome } = classify({ status: response.status, headers: response.headers, body }, systemClock.wall());
    throw new BatchApiError(response.status, outcome, doing, toldBy(body));
  }

  return {
    ask,
    async askFor<T>(doing: string, isWhole: (value: T) => boolean, ...request: [string, BatchInit?, typeof fetch?]) {
      const answer = parseJson(await (await ask(doing, ...request)).text());
      if (typeof answer === 'object' && answer !== null && isWhole(answer as T)) return answer as T;
      throw new Error(`Could not ${doing}: the answer of the provider is invalid.`);
    },
  };
}

function toldBy(body: unknown): Told {
  const { error } = (body ?? {}) as { readonly error?: Readonly<Record<string, unknown>> | null };
  const text = (value: unknown): string => (typeof value === 'string' ? harmless(value.slice(0, MAX_MESSAGE)) : '');
  return { code: text(error?.['code']) || text(error?.['type']), message: text(error?.['message']) };
}
