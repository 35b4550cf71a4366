import { sleep } from '../../../core/abort.ts';
import { systemClock } from '../../../core/clock.ts';
import { number } from '../../amounts.ts';
import type { BatchApi, BatchRefusal, BatchState, FoundBatch } from './batch-api.ts';
import { BatchApiError } from './batch-client.ts';
import type { BatchNotes } from './batch-notes.ts';
import { isGone, type RepeatedRequest } from './repeat-request.ts';
import type { ResultStore } from './result-store.ts';

export interface RunningSettings {
  readonly api: BatchApi;
  readonly notes: BatchNotes;
  readonly results: ResultStore;
  readonly repeated: RepeatedRequest;
  readonly pollMs: number;
  /** Whether batches unknown to the provider are given up. */
  readonly acceptChanges: boolean;
  /** Called with messages for the user: batches created, refused, finished. */
  readonly say: (text: string) => void;
  /** Called with the progress of the rows at the provider. */
  readonly progress: (text: string) => void;
  readonly signal: AbortSignal;
}

interface RunningBatch extends FoundBatch {
  readonly rows: number;
}

/** Maximum downloads of results that have fewer answers than the provider counts: the rest may still arrive. */
const MAX_FETCHED = 4;

/** Batches that are at the provider, until their results are here. */
export class RunningBatches {
  readonly #settings: RunningSettings;
  readonly #running = new Map<string, RunningBatch & { done: number }>();
  #waiting: (() => void)[] = [];
  #leaving = false;

  constructor(settings: RunningSettings) {
    this.#settings = settings;
  }

  /** Whether unfinished batches are given up. */
  get leaving(): boolean {
    return this.#leaving;
  }

  get size(): number {
    return this.#running.size;
  }

  /** Cancels unfinished batches, whose remaining rows then go row by row. */
  async leave(): Promise<void> {
    if (this.#leaving) return;
    this.#leaving = true;
    this.#wake();
    await Promise.all(Array.from(this.#running, ([token, batch]) => this.#cancel(token, batch)));
  }

  /** Resolves when a batch has ended, or waiting is over. */
  oneEnded(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Whether there is no such batch after all; resolves when that is known. */
  async isRefused(id: string): Promise<boolean> {
    const { pollMs, signal, acceptChanges, say } = this.#settings;
    try {
      for (;;) {
        const now = await this.#look(id);
        if (now.state !== 'running' || !now.isNew || this.#leaving) return now.state === 'refused';
        await sleep(systemClock, pollMs, signal);
      }
    } catch (error) {
      if (!isGone(error)) throw error;
      if (!acceptChanges) throw gone(id, error);
      say(`Batch ${id} no longer exists: its rows are submitted again.`);
      return true;
    }
  }

  /** Waits for the end of a batch and fetches its results. @returns Why there is none after all. */
  async follow(token: string, batch: RunningBatch): Promise<BatchRefusal | undefined> {
    const { notes, pollMs, signal } = this.#settings;
    const running = { ...batch, done: 0 };
    this.#running.set(token, running);
    try {
      // It was requested before the run switched to sending row by row.
      if (this.#leaving) await this.#cancel(token, batch);
      for (;;) {
        const now = await this.#look(batch.id);
        if (now.state === 'refused') {
          if (now.refusal.kind === 'account') throw new Error(`The provider refused a batch: ${now.refusal.message}`);
          return now.refusal;
        }
        if (now.state === 'ended') {
          if (now.isCancelled) notes.cancelled(token);
          await this.#collect(batch.id, now.answered);
          return undefined;
        }
        running.done = now.done ?? 0;
        this.#tell();
        await sleep(systemClock, pollMs, signal);
      }
    } finally {
      this.#running.delete(token);
      this.#wake();
    }
  }

  #look(id: string): Promise<BatchState> {
    const { api, repeated } = this.#settings;
    return repeated.until(() => api.look(id), { mayLag: true });
  }

  async #cancel(token: string, { id, guessed }: FoundBatch): Promise<void> {
    const { api, notes, repeated, say } = this.#settings;
    if (guessed) return say(`Batch ${id} may belong to another program, and is left running.`);
    say(`Cancelling batch ${id}: the rest is sent row by row.`);
    await notes.leaves(token);
    const ended = (error: unknown): void => {
      // It has ended in the meantime, as the next poll will show.
      if (!(error instanceof BatchApiError) || error.status !== 409) throw error;
    };
    await repeated.until(() => api.cancel(id).catch(ended)).catch((error: unknown) => say((error as Error).message));
  }

  async #collect(id: string, answered: number): Promise<void> {
    const { results, repeated, acceptChanges, say } = this.#settings;
    for (let tries = 1; ; tries++) {
      try {
        const missing = answered - (await repeated.until(() => results.fetch(id), { mayLag: true }));
        if (missing <= 0) return;
        if (tries === MAX_FETCHED) {
          return say(`${number(missing)} answers of batch ${id} are not in its results: those rows are sent again.`);
        }
      } catch (error) {
        if (!isGone(error)) throw error;
        if (!acceptChanges) throw gone(id, error);
        return say(`The results of batch ${id} no longer exist: its rows are sent again.`);
      }
      await repeated.pause(tries);
    }
  }

  #wake(): void {
    for (const wake of this.#waiting.splice(0)) wake();
  }

  #tell(): void {
    const all = [...this.#running.values()];
    const rows = all.reduce((sum, each) => sum + each.rows, 0);
    const done = all.reduce((sum, each) => sum + each.done, 0);
    const batches = all.length === 1 ? 'a batch' : `${all.length} batches`;
    this.#settings.progress(`${number(rows)} rows at the provider in ${batches}, ${number(done)} of them done`);
  }
}

function gone(id: string, cause: unknown): Error {
  const text = `The provider does not know batch ${id} or its results any more. Use the key that created it, or give it up with --accept-changes.`;
  return new Error(text, { cause });
}
