import type { Job } from '../pacing/jobs.ts';

export interface WorkerSetup {
  readonly type: 'setup';
  readonly contestant: string;
  readonly url: string;
  /** Ports of Redis; of Sentinels where `master` names what they watch. */
  readonly redisPorts: readonly number[];
  readonly master: string | undefined;
  readonly requestsPerMinute: number;
  readonly tokensPerMinute: number;
}

export type WorkerCommand =
  | WorkerSetup
  | { readonly type: 'call'; readonly jobs: readonly Job[] }
  /** Ends when it has its last answer. */
  | { readonly type: 'leave' };

export type WorkerAnswer =
  | { readonly type: 'ready' }
  | { readonly type: 'called'; readonly id: number; readonly error: string | undefined }
  /** What came of the store since the last time. */
  | { readonly type: 'left'; readonly warnings: readonly string[] };
