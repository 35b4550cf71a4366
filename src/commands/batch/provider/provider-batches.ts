import { sleep } from '../../../core/abort.ts';
import { systemClock } from '../../../core/clock.ts';
import { number } from '../../amounts.ts';
import { type BatchApi, BatchApiError, type BatchState } from './batch-api.ts';
import { BatchFile, customIdOf } from './batch-file.ts';
import type { BatchNotes, NotedBatch } from './batch-notes.ts';
import type { ResultStore } from './result-store.ts';

interface Settings {
  readonly api: BatchApi;
  readonly notes: BatchNotes;
  readonly results: ResultStore;
  /** Beside which files are written. */
  readonly base: string;
  readonly pollMs: number;
  /** Told of what a user wants to know: batches that are created, refused, done. */
  readonly say: (text: string) => void;
  /** Told how many rows are done of all that are at the provider. */
  readonly progress: (text: string) => void;
  /** What ends everything: an error of the API that no wait mends. */
  readonly fail: (error: unknown) => void;
  readonly signal: AbortSignal;
}

/** Of a request for a batch that may have been heard. */
const MAX_ASKED = 5;
const BACKOFF_MS = 1_000;

/** Brings files of rows to the provider, and their results back. */
export class ProviderBatches {
  readonly #settings: Settings;
  /** Rows that are done, of batches that are at the provider. */
  readonly #running = new Map<string, { readonly id: string; readonly rows: number; done: number; guessed: boolean }>();
  readonly #lives = new Set<Promise<void>>();
  #waiting: (() => void)[] = [];
  #leaving = false;

  constructor(settings: Settings) {
    this.#settings = settings;
  }

  /** Whether nothing more is handed over. */
  get leaving(): boolean {
    return this.#leaving;
  }

  /** Goes on with the batches of earlier runs. Resolves when it is known which of them exist. */
  async resume(): Promise<void> {
    const { api, notes, say } = this.#settings;
    for (const noted of notes.open) {
      if (noted.id === undefined) {
        const found = await api.find(notes.lost(noted));
        if (found) await notes.created(noted.token, found);
      }
      // One that was refused, or was never there, is asked for anew with the rows that are not done.
      if (noted.id === undefined || (await this.#isRefused(noted.id))) {
        await notes.over(noted.token);
        continue;
      }
      say(`Going on with batch ${noted.id} of ${noted.rows} rows.`);
      this.#live(this.#goOn(noted, noted.id));
    }
  }

  /** Resolves when the provider has been asked for a batch of it; what follows goes on beside. */
  put(file: BatchFile): Promise<void> {
    return new Promise((resolve) => this.#live(this.#carry(file, resolve).finally(resolve)));
  }

  /** Resolves when every row that was handed over has an outcome. */
  async idle(): Promise<void> {
    while (this.#lives.size > 0) await Promise.all(this.#lives);
  }

  /** Everything that they brought is in the journal. */
  async finished(): Promise<void> {
    const { notes } = this.#settings;
    for (const { token } of notes.open) await notes.over(token);
  }

  /** Gives up what is not finished: batches are cancelled, and their rows that were not done are to go another way. */
  leave(): void {
    if (this.#leaving) return;
    this.#leaving = true;
    const { api, say } = this.#settings;
    for (const { id, guessed } of this.#running.values()) {
      if (guessed) say(`Batch ${id} may be of somebody else, and goes on.`);
      else say(`Cancelling batch ${id}: the rest is sent row by row.`);
      if (!guessed) api.cancel(id).catch((error: unknown) => say((error as Error).message));
    }
    this.#wake();
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

  async #isRefused(id: string): Promise<boolean> {
    const { api, pollMs, signal } = this.#settings;
    for (;;) {
      const { state, isNew } = await api.look(id);
      if (state !== 'running' || isNew !== true) return state === 'failed';
      await sleep(systemClock, pollMs, signal);
    }
  }

  async #goOn({ token, rows, guessed }: NotedBatch, id: string): Promise<void> {
    const { state } = await this.#follow(token, { id, rows, guessed });
    // The results know nothing of them: they are unfinished, and sent by whoever asks.
    if (state !== 'ended') await this.#settings.notes.over(token);
  }

  /** Until its rows have outcomes, or are to go row by row. */
  async #carry(file: BatchFile, asked: () => void): Promise<void> {
    const { notes, say } = this.#settings;
    const { token, rows } = file;
    try {
      for (; !this.#leaving; asked()) {
        const id = await this.#ask(file);
        say(`Created batch ${id} of ${rows} rows.`);
        asked();
        const { state, tooMuchQueued, reason } = await this.#follow(token, { id, rows, guessed: false });
        if (state === 'ended') return;
        await notes.over(token);
        if (tooMuchQueued !== true) throw new Error(`The provider refused batch ${id}: ${reason ?? ''}`);
        say(`Too much is queued for batch ${id} of ${rows} rows.`);
        if (this.#leaving) return;
        if (this.#running.size > 0) await new Promise<void>((resolve) => this.#waiting.push(resolve));
        else if (rows === 1) return;
        else return void (await Promise.all((await this.#halves(file)).map((half) => this.#carry(half, asked))));
      }
    } finally {
      await file.remove();
    }
  }

  /** Asks for a batch until it is there, and never for a second one. */
  async #ask(file: BatchFile): Promise<string> {
    const { api, notes, signal } = this.#settings;
    const { token, rows } = file;
    signal.throwIfAborted();
    await notes.asks(token, rows);
    for (let tries = 1; ; tries++) {
      try {
        const id = await api.create(file);
        await notes.created(token, { id, guessed: false });
        return id;
      } catch (error) {
        signal.throwIfAborted();
        if (error instanceof BatchApiError && isFinal(error.status)) throw error;
        await sleep(systemClock, BACKOFF_MS * 2 ** (tries - 1), signal);
        const found = await api.find(notes.lost(notes.open.find((each) => each.token === token)!));
        if (found) await notes.created(token, found);
        if (found) return found.id;
        if (tries === MAX_ASKED) throw error;
      }
    }
  }

  /** Waits for the end of a batch, and takes its results. */
  async #follow(token: string, batch: { id: string; rows: number; guessed: boolean }): Promise<BatchState> {
    const { api, results, pollMs, signal } = this.#settings;
    const { id } = batch;
    const running = { ...batch, done: 0 };
    this.#running.set(token, running);
    try {
      // It was asked for before the run turned to sending row by row.
      if (this.#leaving && !batch.guessed) await api.cancel(id);
      for (;;) {
        const state = await api.look(id);
        if (state.state === 'ended') await results.fetch(id);
        if (state.state !== 'running') return state;
        running.done = state.done ?? 0;
        this.#tell();
        await sleep(systemClock, pollMs, signal);
      }
    } finally {
      this.#running.delete(token);
      this.#wake();
    }
  }

  /** There may be room for others now. */
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

  async #halves(file: BatchFile): Promise<readonly [BatchFile, BatchFile]> {
    const { api, notes, base } = this.#settings;
    const half = (): BatchFile => new BatchFile(base, file.group, api.form);
    const halves = [half(), half()] as const;
    let index = 0;
    for await (const row of file.lines()) {
      const into = halves[index++ < file.rows / 2 ? 0 : 1];
      await notes.addRow(into.token, customIdOf(row));
      await into.add(row);
    }
    for (const each of halves) await each.end();
    return halves;
  }
}

/** Whether asking again would be answered the same. */
const isFinal = (status: number): boolean => status < 500 && ![408, 409, 425, 429].includes(status);
