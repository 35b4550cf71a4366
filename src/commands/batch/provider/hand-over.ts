import type { Row } from '../row-format.ts';
import type { BatchApi } from './batch-api.ts';
import { BatchFile } from './batch-file.ts';
import type { BatchNotes } from './batch-notes.ts';
import type { ProviderBatches } from './provider-batches.ts';
import type { ResultStore } from './result-store.ts';

interface Settings {
  readonly api: BatchApi;
  readonly notes: BatchNotes;
  readonly results: ResultStore;
  readonly batches: ProviderBatches;
  readonly base: string;
  customIdOf(row: Row, index: number): string;
  /** Whether the journal has its outcome. */
  isDone(row: Row, index: number): boolean;
  /** Undefined without a budget. */
  readonly budget: { left(): number; worstUsd(row: Row): number } | undefined;
  readonly signal: AbortSignal;
  /** Resolves when every row in the run has ended. */
  settled(): Promise<void>;
}

/**
 * Reads the rows twice: first to submit unfinished ones, then again for the run when the batches have ended, so that no row
 * stays in memory meanwhile. With a budget there may be several rounds.
 */
export class HandOver {
  readonly #settings: Settings;
  readonly #files = new Map<string, BatchFile>();

  constructor(settings: Settings) {
    this.#settings = settings;
  }

  /** The rows in order, each once its outcome is known. */
  async *rows(read: () => AsyncGenerator<Row>): AsyncGenerator<Row, void, undefined> {
    const { batches, settled } = this.#settings;
    await batches.resume();
    const ahead = read();
    const again = read();
    try {
      let index = 0;
      let next = await ahead.next();
      while (next.done !== true) {
        const first = index;
        let worstUsd = 0;
        const left = this.#settings.budget?.left() ?? Infinity;
        for (; next.done !== true; next = await ahead.next()) {
          const cost = await this.#offer(next.value, index, left - worstUsd, index === first);
          if (cost === undefined) break;
          worstUsd += cost;
          index++;
        }
        await this.#closeAll();
        await batches.idle();
        for (let given = first; given < index; given++) {
          const row = await again.next();
          if (row.done !== true) yield row.value;
        }
        await settled();
        await batches.finished();
      }
    } finally {
      await Promise.all([ahead.return(undefined), again.return(undefined)]);
      for (const file of this.#files.values()) await file.remove();
    }
  }

  /**
   * Submits a row if it has not been yet.
   *
   * @returns Its maximum cost; undefined if that exceeds the budget. The first row of a round is let through, so that
   * the run refuses it.
   */
  async #offer(row: Row, index: number, leftUsd: number, isFirst: boolean): Promise<number | undefined> {
    const { api, notes, results, batches, budget, signal } = this.#settings;
    signal.throwIfAborted();
    if (this.#settings.isDone(row, index)) return 0;
    const worstUsd = budget?.worstUsd(row) ?? 0;
    const fits = worstUsd <= leftUsd;
    if (!fits && !isFirst) return undefined;
    const customId = this.#settings.customIdOf(row, index);
    if (!fits || batches.leaving || notes.holds(customId) || results.has(customId)) return worstUsd;
    const request = { customId, url: row.url, body: row.body };
    const text = api.lineOf(request);
    const group = api.groupOf(request);
    let file = this.#files.get(group);
    if (file && (file.rows >= api.mostRows || file.bytesWith(text) > api.mostBytes)) {
      await this.#close(file);
      file = undefined;
    }
    if (!file) this.#files.set(group, (file = new BatchFile(this.#settings.base, group, api.form)));
    await notes.addRow(file.token, customId);
    await file.add(text);
    return worstUsd;
  }

  async #closeAll(): Promise<void> {
    for (const file of this.#files.values()) await this.#close(file);
  }

  async #close(file: BatchFile): Promise<void> {
    await file.end();
    this.#files.delete(file.group);
    await this.#settings.batches.put(file);
  }
}
