import type { Account } from '../client.ts';
import type { Job } from '../jobs.ts';

/** Makes one call, however long that takes; rejects when it gives up. */
export type Send = (job: Job) => Promise<unknown>;

export type Open = (account: Account) => Send;

/** Concurrency for contestants that need a limit and have no default. */
export const WORKERS = 50;

/** The wait that a failed answer asks for; undefined if none. */
export function hintMs(error: unknown): number | undefined {
  const { headers } = error as { readonly headers?: Headers };
  const seconds = Number(headers?.get('retry-after') ?? Number.NaN);
  return Number.isFinite(seconds) ? seconds * 1_000 : undefined;
}
