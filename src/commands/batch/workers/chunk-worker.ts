import type { Job, Worker } from 'bullmq';
import { saveError } from '../../../batch/saved-error.ts';
import type { RowResponse } from '../send-row.ts';
import { type Chunk, type ChunkRow, PREFIX_OF_QUEUES, type QueueLink, type RowAnswer } from './queue-link.ts';

/** Rows per chunk: few, since a dying worker loses its chunk. */
export const CHUNK_ROWS = 16;
/** A chunk fails after this many workers have died with it. */
const MAX_DEATHS = 10;

interface Deps {
  readonly link: QueueLink;
  /** Rows in flight. */
  readonly atOnce: number;
  /** A worker that is silent for this long counts as dead. */
  readonly takeoverMs: number;
  send(row: ChunkRow): Promise<RowResponse>;
}

/** Takes chunks of rows from the queue and sends those that have not been sent. */
export class ChunkWorker {
  readonly #deps: Deps;
  readonly #worker: Worker<Chunk>;

  constructor(deps: Deps) {
    this.#deps = deps;
    const { link, atOnce, takeoverMs } = deps;
    this.#worker = new link.bullmq.Worker(link.queue.name, (job: Job<Chunk>) => this.#work(job), {
      connection: link.client,
      prefix: PREFIX_OF_QUEUES,
      concurrency: Math.ceil(atOnce / CHUNK_ROWS),
      lockDuration: takeoverMs,
      stalledInterval: takeoverMs / 2,
      maxStalledCount: MAX_DEATHS,
    });
    // It recovers by itself when Redis is back.
    this.#worker.on('error', () => undefined);
  }

  /** Rows in flight are finished first. */
  close(): Promise<void> {
    return this.#worker.close();
  }

  async #work({ id, data: { run, rows } }: Job<Chunk>): Promise<void> {
    const { link } = this.#deps;
    if (await link.hasEnded(run)) return;
    const known = await link.answersOf(
      run,
      rows.map(({ key }) => key),
    );
    const missing = rows.filter((_, index) => known[index] === null);
    await Promise.all(
      missing.map(async (row) => {
        if (await link.claims(run, row.key, id!)) await link.answered(run, row.key, await this.#answer(row));
      }),
    );
  }

  async #answer(row: ChunkRow): Promise<RowAnswer> {
    try {
      return { status: 'ok', value: await this.#deps.send(row) };
    } catch (error) {
      return { status: 'error', error: saveError(error) };
    }
  }
}
