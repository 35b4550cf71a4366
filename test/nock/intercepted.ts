import nock from 'nock';
import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import type { ErrorDetails } from '../../src/errors.ts';
import { GuardCore } from '../../src/guard.ts';
import { FAST } from '../helpers/guarded.ts';
import { socketClock } from '../helpers/socket-clock.ts';

/** The expected interpretation of a provider's answer. */
export interface Verdict {
  readonly outcome: ErrorDetails['outcome'];
  readonly dimension?: ErrorDetails['dimension'];
  readonly limit?: number;
  /** A part of the advice. */
  readonly advice: RegExp;
  /** With one retry, for anything but a rate limit. */
  readonly attempts: number;
}

export type Row = readonly [
  name: string,
  status: number,
  body: unknown,
  verdict: Verdict,
  headers?: Record<string, string>,
];

/** For `it.each`, which spreads the rows of a table. */
export function named(rows: readonly Row[]): { name: string; row: Row }[] {
  return rows.map((row) => ({ name: row[0], row }));
}

const guards: GuardCore[] = [];

/** No request of a test file that calls this reaches the network, and no interceptor is left over. */
export function interceptNetwork(): void {
  beforeAll(() => {
    nock.disableNetConnect();
  });
  afterEach(async () => {
    await Promise.all(guards.splice(0).map((guard) => guard.close()));
    const pending = nock.pendingMocks();
    nock.cleanAll();
    expect(pending).toEqual([]);
  });
  afterAll(() => {
    nock.enableNetConnect();
    nock.restore();
  });
}

/** Guards a client; every client has an account of its own. */
export function guarded<T extends object>(make: (apiKey: string) => T): T {
  const guard = new GuardCore({ ...FAST, pacing: false }, { clock: socketClock });
  guards.push(guard);
  return guard.wrap(make(`key-${Math.random().toString(36).slice(2)}`));
}

/** Answers the n-th request with the n-th answer. */
export function answers(origin: string, path: string, ...replies: readonly Answer[]): void {
  for (const [status, body, headers] of replies) {
    nock(origin)
      .post(path)
      .reply(status, body as nock.Body, { 'content-type': 'application/json', ...headers });
  }
}

type Answer = readonly [status: number, body: unknown, headers?: Record<string, string> | undefined];

/** How to call a provider, guarded and by the unmodified SDK. */
export interface Endpoint {
  readonly origin: string;
  readonly path: string;
  guarded(options: { readonly maxRetries: number }): PromiseLike<unknown>;
  /** Without retries. */
  stock(): PromiseLike<unknown>;
}

/** The parts of an error that are compared. */
interface Comparable {
  readonly of: unknown;
  readonly message: string;
  readonly status: number | undefined;
  readonly body: unknown;
  readonly keys: string[];
}

/**
 * Lets the provider answer as the row says, and returns how the call ended: `got` is to equal `wanted`, which is the
 * SDK's own error for the same answer with the expected interpretation.
 */
export async function verdictOf(
  { origin, path, guarded: call, stock }: Endpoint,
  row: Row,
): Promise<{ got: object; wanted: object; advice: string }> {
  const [, status, body, { outcome, dimension, limit, attempts }, headers] = row;
  answers(origin, path, ...Array.from({ length: attempts + 1 }, () => [status, body, headers] as const));
  // A limit would be waited out; for anything else one retry shows whether it is repeated.
  const error = await thrownBy(() => call({ maxRetries: outcome === 'throttled' ? 0 : 1 }));
  const own = await thrownBy(stock);
  const told = error.tidegate!;
  return {
    got: {
      ...comparable(error),
      outcome: told.outcome,
      dimension: told.dimension,
      attempts: told.attempts,
      ...(limit === undefined ? {} : { limit: told.limit }),
    },
    wanted: { ...comparable(own), outcome, dimension, attempts, ...(limit === undefined ? {} : { limit }) },
    advice: told.advice,
  };
}

function comparable(error: SdkError): Comparable {
  const { message, status, error: body } = error;
  return { of: error.constructor, message, status, body, keys: Object.keys(error) };
}

interface SdkError extends Error {
  readonly status?: number;
  readonly error?: unknown;
  readonly tidegate?: ErrorDetails;
}

export async function thrownBy(call: () => PromiseLike<unknown>): Promise<SdkError> {
  try {
    await call();
  } catch (error) {
    return error as SdkError;
  }
  throw new Error('did not fail');
}

/** How long a promise takes, in milliseconds of the guards' clock. */
export async function timed<T>(promise: PromiseLike<T>): Promise<{ value: T; ms: number }> {
  const startedAt = socketClock.now();
  const value = await promise;
  return { value, ms: socketClock.now() - startedAt };
}

/** An error whose message names no wait: the longest wait in an answer is the one kept. */
export function withoutWait(body: unknown): object {
  const text = JSON.stringify(body).replace(
    / Please (?:try again|retry) (?:in|after) [\d.]+ ?(?:ms|s|seconds?)\.?/i,
    '',
  );
  return JSON.parse(text) as object;
}
