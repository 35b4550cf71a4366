import { sleep } from '../../../core/abort.ts';
import { systemClock } from '../../../core/clock.ts';
import type { BatchApi, BatchOutcome, BatchRequest } from './batch-api.ts';
import type { BatchRecord } from './batch-record.ts';
import type { ResultStore } from './result-store.ts';

/** Rows come one by one; a batch is closed when none has come for so long. */
const QUIET_MS = 500;

interface Settings {
  readonly pollMs: number;
  /** Told of what a user wants to know: batches that are created, refused, done. */
  readonly say: (text: string) => void;
  /** What ends everything: an error of the API that no wait mends. */
  readonly fail: (error: unknown) => void;
  readonly signal: AbortSignal;
}

interface Group {
  requests: BatchRequest[];
  bytes: number;
}

interface Waiter {
  readonly resolve: (outcome: BatchOutcome) => void;
}

/**
 * Collects rows into the provider's batches, and gives each row what came of it. A batch is closed when it is as large as the provider
 * takes it, or when no further row comes.
 */
export class ProviderQueue {
  readonly #api: BatchApi;
  readonly #record: BatchRecord;
  readonly #results: ResultStore;
  readonly #settings: Settings;
  readonly #groups = new Map<string, Group>();
  readonly #waiters = new Map<string, Waiter[]>();
  /** Rows of batches that are at the provider. */
  readonly #batchOf = new Map<string, string>();
  #held: BatchRequest[][] = [];
  #running = 0;
  #quiet: (() => void) | undefined;
  #leaving = false;

  constructor(api: BatchApi, record: BatchRecord, results: ResultStore, settings: Settings) {
    this.#api = api;
    this.#record = record;
    this.#results = results;
    this.#settings = settings;
    // What an earlier run has handed over.
    for (const [batch, rows] of record.open) {
      for (const row of rows) this.#batchOf.set(row, batch);
      settings.say(`Going on with batch ${batch} of ${rows.length} rows.`);
      void this.#follow(batch, rows);
    }
  }

  /** What came of a row; after `leave` a row that is not in a batch is unfinished at once. */
  outcome(request: BatchRequest): Promise<BatchOutcome> {
    const { customId } = request;
    if (this.#results.has(customId)) return this.#results.get(customId);
    return new Promise((resolve) => {
      const waiters = this.#waiters.get(customId);
      if (waiters) waiters.push({ resolve });
      else this.#waiters.set(customId, [{ resolve }]);
      if (!waiters && !this.#batchOf.has(customId)) this.#collect(request);
    });
  }

  /** Gives up what is not finished: batches are cancelled, and their rows that were not done are to go another way. */
  leave(): void {
    if (this.#leaving) return;
    this.#leaving = true;
    this.#quiet?.();
    const waiting = [...this.#groups.values()].flatMap(({ requests }) => requests).concat(this.#held.flat());
    this.#groups.clear();
    this.#held = [];
    for (const { customId } of waiting) this.#give(customId, { kind: 'unfinished' });
    for (const batch of this.#record.open.keys()) {
      this.#settings.say(`Cancelling batch ${batch}: the rest is sent row by row.`);
      this.#api.cancel(batch).catch((error: unknown) => this.#settings.say((error as Error).message));
    }
  }

  #collect(request: BatchRequest): void {
    if (this.#leaving) return this.#give(request.customId, { kind: 'unfinished' });
    const name = this.#api.groupOf(request);
    let group = this.#groups.get(name);
    const bytes = Buffer.byteLength(JSON.stringify(request)) + 64;
    if (group && (group.bytes + bytes > this.#api.mostBytes || group.requests.length >= this.#api.mostRows)) {
      this.#groups.delete(name);
      void this.#create(group.requests);
      group = undefined;
    }
    if (!group) this.#groups.set(name, (group = { requests: [], bytes: 0 }));
    group.requests.push(request);
    group.bytes += bytes;
    this.#quiet?.();
    this.#quiet = systemClock.after(QUIET_MS, () => {
      const closed = [...this.#groups.values()];
      this.#groups.clear();
      for (const { requests } of closed) void this.#create(requests);
    });
  }

  async #create(requests: BatchRequest[]): Promise<void> {
    try {
      this.#running++;
      const batch = await this.#api.create(requests);
      const rows = requests.map(({ customId }) => customId);
      for (const row of rows) this.#batchOf.set(row, batch);
      await this.#record.created(batch, rows);
      this.#settings.say(`Created batch ${batch} of ${rows.length} rows.`);
      if (this.#leaving) await this.#api.cancel(batch);
      this.#running--;
      await this.#follow(batch, rows, requests);
    } catch (error) {
      this.#settings.fail(error);
    }
  }

  /** Waits for the end of a batch. `requests` where they may have to be sent again. */
  async #follow(batch: string, rows: readonly string[], requests?: BatchRequest[]): Promise<void> {
    this.#running++;
    try {
      for (;;) {
        const { state, tooMuchQueued, reason } = await this.#api.look(batch);
        if (state === 'ended') break;
        if (state === 'failed') {
          await this.#failed(batch, rows, requests, tooMuchQueued === true, reason ?? '');
          this.#running--;
          this.#halve();
          return;
        }
        await sleep(systemClock, this.#settings.pollMs, this.#settings.signal);
      }
      await this.#results.fetch(batch);
      await this.#ended(batch, rows);
      for (const row of rows) if (this.#waiters.has(row)) this.#give(row, await this.#results.get(row));
      this.#running--;
      // There is room for others now.
      for (const held of this.#held.splice(0)) void this.#create(held);
    } catch (error) {
      if (!this.#settings.signal.aborted) this.#settings.fail(error);
    }
  }

  /** A batch that the provider has not taken. What it had too many tokens for waits for the others, or goes in halves. */
  async #failed(
    batch: string,
    rows: readonly string[],
    requests: BatchRequest[] | undefined,
    tooMuchQueued: boolean,
    reason: string,
  ): Promise<void> {
    await this.#ended(batch, rows);
    // The results know nothing of them: they are unfinished, and sent by whoever asks.
    if (!requests || this.#leaving) {
      for (const row of rows) this.#give(row, { kind: 'unfinished' });
      return;
    }
    if (!tooMuchQueued) throw new Error(`The provider refused batch ${batch}: ${reason}`);
    this.#settings.say(`Too much is queued for batch ${batch} of ${rows.length} rows.`);
    this.#held.push(requests);
  }

  /** What is held waits for the others; where there are none, it is too much by itself, and goes in halves. */
  #halve(): void {
    if (this.#running > 0) return;
    const requests = this.#held.shift();
    if (!requests) return;
    if (requests.length === 1) {
      this.#give(requests[0]!.customId, { kind: 'unfinished' });
      this.#halve();
      return;
    }
    const half = Math.ceil(requests.length / 2);
    this.#held.unshift(requests.slice(half));
    void this.#create(requests.slice(0, half));
  }

  async #ended(batch: string, rows: readonly string[]): Promise<void> {
    for (const row of rows) this.#batchOf.delete(row);
    await this.#record.done(batch);
  }

  #give(customId: string, outcome: BatchOutcome): void {
    const waiters = this.#waiters.get(customId) ?? [];
    this.#waiters.delete(customId);
    for (const { resolve } of waiters) resolve(outcome);
  }
}
