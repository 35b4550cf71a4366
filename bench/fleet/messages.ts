import type { Job } from '../pacing/jobs.ts';

export interface WorkerSetup {
  readonly type: 'setup';
  readonly contestant: string;
  readonly url: string;
  /** Ports of Redis, or of Sentinels if `master` names what they watch. */
  readonly redisPorts: readonly number[];
  readonly master: string | undefined;
  readonly requestsPerMinute: number;
  readonly tokensPerMinute: number;
}

export type WorkerCommand =
  | WorkerSetup
  | { readonly type: 'call'; readonly jobs: readonly Job[] }
  /** Exits after its last answer. */
  | { readonly type: 'leave' };

export type WorkerAnswer =
  | { readonly type: 'ready' }
  | { readonly type: 'called'; readonly id: number; readonly error: string | undefined }
  /** Exchanges with the store since the last message. */
  | { readonly type: 'left'; readonly warnings: readonly string[] };
