import { sleep } from '../../../core/abort.ts';
import { systemClock } from '../../../core/clock.ts';
import { number } from '../../amounts.ts';
import type { BatchRefusal, FoundBatch } from './batch-api.ts';
import { BatchApiError } from './batch-client.ts';
import type { BatchFile } from './batch-file.ts';
import type { NotedBatch } from './batch-notes.ts';
import { isGone, RepeatedRequest } from './repeat-request.ts';
import { RunningBatches, type RunningSettings } from './running-batches.ts';
import { fitsAlone, halvesOf, refuseRows, withoutBadRows } from './split-batch.ts';

interface Settings extends Omit<RunningSettings, 'repeated'> {
  /** Base path of files. */
  readonly base: string;
  /** Whether rows that the provider accepts in no batch are sent row by row; otherwise they end with its refusal. */
  readonly orRowByRow: boolean;
  /** Called for a permanent error of the API, which ends the run. */
  readonly fail: (error: unknown) => void;
}

/** Maximum resubmissions of a file without its rejected lines: the provider may name only a few of them at a time. */
const MAX_SIFTED = 10;
/** Maximum waits for room in a queue that batches of other programs may fill. */
const MAX_QUEUED = 100;
const MAX_QUEUE_MS = 300_000;
/** Maximum searches for a batch whose creation had no answer: the provider may still be creating it. */
const MAX_LOOKS = 4;
const LOOK_MS = 1_000;
/** Maximum time to remove a file that is no longer needed. If it stays, the run has not failed. */
const DISCARD_MS = 10_000;

/** Submits files of rows to the provider and fetches the results. */
export class ProviderBatches {
  readonly #settings: Settings;
  readonly #repeated: RepeatedRequest;
  readonly #running: RunningBatches;
  readonly #lives = new Set<Promise<void>>();

  constructor(settings: Settings) {
    this.#settings = settings;
    this.#repeated = new RepeatedRequest(settings);
    this.#running = new RunningBatches({ ...settings, repeated: this.#repeated });
  }

  /** Whether submission has stopped. */
  get leaving(): boolean {
    return this.#running.leaving;
  }

  /** Resumes the batches of earlier runs. Resolves when it is known which of them exist. */
  async resume(): Promise<void> {
    const { notes, say } = this.#settings;
    notes.dropCollected();
    for (const noted of notes.open) {
      if (noted.id === undefined) {
        const found = await this.#repeated.until(() => this.#find(noted.token));
        if (found) await notes.created(noted.token, found);
      }
      // A batch that was refused, or never existed, is created again with the unfinished rows.
      if (noted.id === undefined || (await this.#running.isRefused(noted.id))) {
        await notes.over(noted.token);
        await this.#discard(noted.mark);
        continue;
      }
      say(`Resuming batch ${noted.id} of ${number(noted.rows)} rows.`);
      this.#live(this.#goOn(noted, noted.id));
    }
  }

  /** Resolves when the batch has been requested; the rest continues in the background. */
  put(file: BatchFile, sifted = 0): Promise<void> {
    return new Promise((resolve) => this.#live(this.#carry(file, sifted, resolve).finally(resolve)));
  }

  /** Resolves when every submitted row has an outcome. */
  async idle(): Promise<void> {
    while (this.#lives.size > 0) await Promise.all(this.#lives);
  }

  /** Call when all their outcomes are in the journal. */
  async finished(): Promise<void> {
    const { notes } = this.#settings;
    for (const { token } of notes.open) await notes.over(token);
  }

  /** Gives up unfinished batches. */
  leave(): void {
    this.#live(this.#running.leave());
  }

  #live(life: Promise<void>): void {
    const { fail, signal } = this.#settings;
    const told = life
      .catch((error: unknown) => {
        if (!signal.aborted) fail(error);
      })
      .finally(() => this.#lives.delete(told));
    this.#lives.add(told);
  }

  async #goOn({ token, rows, mark, guessed }: NotedBatch, id: string): Promise<void> {
    // After a refusal there are no results: its rows are unfinished, and the caller sends them.
    if (await this.#running.follow(token, { id, rows, guessed })) await this.#settings.notes.over(token);
    await this.#discard(mark);
  }

  /** Resolves when its rows have outcomes, are in other files, or will be sent row by row. */
  async #carry(file: BatchFile, sifted: number, asked: () => void): Promise<void> {
    try {
      const refusal = await this.#handOver(file, asked);
      if (refusal && !this.leaving) await this.#splitUp(file, refusal, sifted);
    } finally {
      await file.remove();
    }
  }

  /** @returns Why the provider accepts no batch of it. */
  async #handOver(file: BatchFile, asked: () => void): Promise<BatchRefusal | undefined> {
    const { notes } = this.#settings;
    const { token, rows } = file;
    const mark = await this.#prepare(file);
    if (typeof mark !== 'string') return mark;
    let refusal: BatchRefusal | undefined;
    for (let waits = 0; !this.leaving; waits++) {
      const made = await this.#ask(file, mark);
      asked();
      refusal = made && 'id' in made ? await this.#running.follow(token, { ...made, rows }) : made;
      if (refusal === undefined) break;
      await notes.over(token);
      if (refusal.kind !== 'queue' || !(await this.#room(file, refusal, waits))) break;
    }
    await this.#discard(mark);
    return refusal?.kind === 'queue' ? { kind: 'size' } : refusal;
  }

  async #prepare(file: BatchFile): Promise<string | BatchRefusal> {
    const { api, orRowByRow } = this.#settings;
    try {
      return await this.#repeated.until(() => api.prepare(file));
    } catch (error) {
      const refusal = error instanceof BatchApiError ? error.refusal : undefined;
      // The provider has no batch API at all.
      if (!refusal || (isGone(error) && !orRowByRow)) throw error;
      return refusal;
    }
  }

  /** Requests a batch until it exists or is refused, without ever creating a second one; undefined if the run ends first. */
  async #ask(file: BatchFile, mark: string): Promise<FoundBatch | BatchRefusal | undefined> {
    const { api, notes, say, signal } = this.#settings;
    const { token, rows } = file;
    signal.throwIfAborted();
    await notes.asks(token, rows, mark);
    let mayBeThere = false;
    const made = await this.#repeated.until(async () => {
      const found = mayBeThere ? await this.#find(token) : undefined;
      if (found || this.leaving) return found;
      try {
        return { id: await api.create(file, mark), guessed: false };
      } catch (error) {
        const refused = error instanceof BatchApiError ? error : undefined;
        if (refused?.refusal) return refused.refusal;
        mayBeThere = refused?.status !== 429;
        throw error;
      }
    });
    if (made === undefined) await notes.over(token);
    else if ('id' in made) {
      await notes.created(token, made);
      say(`Created batch ${made.id} of ${number(rows)} rows.`);
    }
    return made;
  }

  /** Looks for a batch that was requested, and may still be being created. */
  async #find(token: string): Promise<FoundBatch | undefined> {
    const { api, notes, pollMs, signal } = this.#settings;
    for (let looks = 1; ; looks++) {
      const found = await api.find(notes.lost(token));
      if (found || this.leaving || looks === MAX_LOOKS) return found;
      await sleep(systemClock, Math.min(pollMs, LOOK_MS * 2 ** (looks - 1)), signal);
    }
  }

  /** Removes the preparations for a batch that has ended, or will not be created. */
  #discard(mark: string): Promise<void> {
    return new Promise((resolve) => {
      const cancel = systemClock.after(DISCARD_MS, resolve, { unref: true });
      void this.#settings.api
        .discard(mark)
        .catch(() => undefined)
        .finally(() => {
          cancel();
          resolve();
        });
    });
  }

  /** Waits until there may be room in the queue. @returns Whether there may ever be enough for the file. */
  async #room(file: BatchFile, refusal: BatchRefusal, waits: number): Promise<boolean> {
    const { pollMs, say, signal } = this.#settings;
    say(`The queue of the provider is too full for a batch of ${number(file.rows)} rows.`);
    if (this.#running.size > 0) {
      await this.#running.oneEnded();
      return true;
    }
    if (waits >= MAX_QUEUED || !fitsAlone(file, refusal)) return false;
    await sleep(systemClock, Math.min(MAX_QUEUE_MS, pollMs * 2 ** waits), signal);
    return true;
  }

  /** Handles a file that the provider does not accept as it is. */
  async #splitUp(file: BatchFile, refusal: BatchRefusal, sifted: number): Promise<void> {
    const { api, results, orRowByRow, say } = this.#settings;
    const settings = { ...this.#settings, form: api.form };
    const rows = number(file.rows);
    if (refusal.kind === 'rows' && sifted < MAX_SIFTED) {
      say(`The provider refused ${number(refusal.rows.size)} of ${rows} rows; the others are submitted without them.`);
      for (const rest of await withoutBadRows(file, refusal, settings)) await this.put(rest, sifted + 1);
    } else if ('code' in refusal || refusal.kind === 'rows') {
      const why = refusal.kind === 'rows' ? refusal.rows.values().next().value! : refusal;
      say(
        `The provider accepts no batch of ${rows} rows${orRowByRow ? ', which are sent row by row' : ''}: ${why.message}`,
      );
      if (!orRowByRow) await refuseRows(file, why, results);
    } else if (file.rows > 1) {
      for (const half of await halvesOf(file, settings)) await this.put(half, sifted);
    }
  }
}
