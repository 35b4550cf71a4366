import type { Job, Worker } from 'bullmq';
import { saveError } from '../../../batch/saved-error.ts';
import { sleep } from '../../../core/abort.ts';
import { systemClock } from '../../../core/clock.ts';
import { fetchOf } from '../../../core/fetch-of.ts';
import type { Guard } from '../../../guard.ts';
import { withCall } from '../../../with-call.ts';
import { RowRefused, type RowResponse, sendRow } from '../send-row.ts';
import { providerName, type Target } from '../target.ts';
import { type Chunk, type ChunkRow, PREFIX_OF_QUEUES, type QueueLink, type RowAnswer } from './queue-link.ts';
import { RowFlights, RowInHand } from './row-in-hand.ts';
import type { RowClaims } from './row-claims.ts';

/** Rows per chunk: few, since a dying worker loses its chunk. */
export const CHUNK_ROWS = 16;
/** A chunk fails after this many workers have died with it. */
const MAX_DEATHS = 10;
/** Number of times that a claim is extended before it would expire. */
const BEATS = 3;
/**
 * Rows that another worker holds are rechecked after this fraction of the time after which a silent worker counts as
 * dead.
 */
const LOOK_AGAIN = 0.25;
/** Maximum time until a Redis that is back, or has memory again, is noticed. */
const RETRY_MS = 1_000;
/** Consecutive refusals of a key that was accepted before, after which it counts as refused. */
const MAX_REFUSALS = 3;
const UNAUTHORIZED = 401;

interface Deps {
  readonly link: QueueLink;
  readonly guard: Pick<Guard, 'fetch' | 'on'>;
  readonly target: Target;
  /** Rows in flight. At least 1. */
  readonly atOnce: number;
  /** A worker that is silent for this long counts as dead. */
  readonly takeoverMs: number;
  /** The provider refuses the key: nothing is taken any more, and the rows go back. */
  onKeyRefused(): void;
}

/** Takes chunks of rows from the queue and sends those that have not been sent. A chunk is over when all its rows are answered. */
export class ChunkWorker {
  readonly #deps: Deps;
  readonly #worker: Worker<Chunk>;
  readonly #claims: RowClaims;
  readonly #flights: RowFlights;
  readonly #fetch: typeof fetch;
  /** By run and key. */
  readonly #inHand = new Map<string, Map<string, RowInHand>>();
  readonly #rowsAtOnce: number;
  /** Time after which other workers may have taken over the rows in hand. */
  #aliveUntil = -Infinity;
  #cancelBeat: (() => void) | undefined;
  #isClosing = false;
  #isClosed = false;
  #isAccepted = false;
  #refusals = 0;

  constructor(deps: Deps) {
    this.#deps = deps;
    const { link, guard, target, atOnce, takeoverMs } = deps;
    const chunks = Math.ceil(atOnce / CHUNK_ROWS);
    this.#rowsAtOnce = Math.floor(atOnce / chunks);
    this.#claims = link.claims(takeoverMs);
    this.#flights = new RowFlights(guard);
    this.#fetch = fetchOf(guard, providerName(target.provider));
    this.#worker = new link.bullmq.Worker(link.queue.name, (job: Job<Chunk>, token) => this.#work(job, token!), {
      connection: link.client,
      prefix: PREFIX_OF_QUEUES,
      concurrency: chunks,
      lockDuration: takeoverMs,
      stalledInterval: takeoverMs / 2,
      maxStalledCount: MAX_DEATHS,
      runRetryDelay: RETRY_MS,
    });
    // It recovers by itself when Redis is back.
    this.#worker.on('error', () => undefined);
    // A Redis that has lost the claims grants them to the first worker that asks.
    link.client.on('ready', this.#beat);
    this.#beatLater();
  }

  /** Rows in flight are finished first; those that wait for limits go back to the queue. */
  async close(): Promise<void> {
    this.#stop();
    await this.#worker.close();
    this.#isClosed = true;
    this.#deps.link.client.off('ready', this.#beat);
    this.#cancelBeat?.();
    this.#flights.close();
  }

  async #work(job: Job<Chunk>, token: string): Promise<void> {
    const { run, rows } = job.data;
    const { rows: mine, areHeld } = await this.#take(run, rows);
    const unsent = await this.#sendAll(run, mine);
    if (unsent.length > 0) await this.#claims.release(run, unsent);
    if (unsent.length === 0 && !areHeld) return;
    const waitMs = areHeld ? LOOK_AGAIN * this.#deps.takeoverMs : 0;
    await job.moveToDelayed(Date.now() + waitMs, token);
    throw new this.#deps.link.bullmq.DelayedError();
  }

  async #take(run: string, rows: readonly ChunkRow[]): Promise<{ rows: ChunkRow[]; areHeld: boolean }> {
    const states = await this.#claim(
      run,
      rows.map(({ key }) => key),
    );
    const inHand = this.#inHand.get(run);
    // A chunk whose lock was lost may return here while its rows are still in flight.
    const mine = rows.filter(({ key }, index) => states[index] === 'claimed' && !inHand?.has(key));
    const areHeld = rows.some(({ key }, index) => states[index] === 'held' || inHand?.has(key));
    return { rows: mine, areHeld };
  }

  async #claim(run: string, keys: readonly string[]): Promise<readonly string[]> {
    const askedAt = systemClock.now();
    const states = await this.#claims.claim(run, keys);
    this.#aliveUntil = Math.max(this.#aliveUntil, askedAt + this.#deps.takeoverMs);
    return states;
  }

  /** @returns Keys of rows that were not sent. */
  async #sendAll(run: string, rows: readonly ChunkRow[]): Promise<string[]> {
    const inHand = this.#inHand.get(run) ?? new Map<string, RowInHand>();
    this.#inHand.set(run, inHand);
    const mayBegin = (): boolean => !this.#isClosing && systemClock.now() < this.#aliveUntil;
    for (const { key } of rows) inHand.set(key, new RowInHand(key, mayBegin));
    const unsent: string[] = [];
    const queue = rows.values();
    const sendNext = async (): Promise<void> => {
      for (const row of queue) {
        if (!(await this.#send(run, row, inHand.get(row.key)!))) unsent.push(row.key);
        inHand.delete(row.key);
      }
    };
    await Promise.all(Array.from({ length: this.#rowsAtOnce }, sendNext));
    if (inHand.size === 0) this.#inHand.delete(run);
    return unsent;
  }

  /** @returns Whether it was answered. */
  async #send(run: string, row: ChunkRow, hand: RowInHand): Promise<boolean> {
    if (this.#isClosing || hand.isGivenUp) return false;
    const { target } = this.#deps;
    let answer: RowAnswer;
    try {
      const send = (): Promise<RowResponse> =>
        sendRow({ url: row.url, text: row.body }, target, this.#fetch, hand.signal);
      const value = await this.#flights.run(hand, () => withCall({ priority: 'batch' }, send));
      this.#isAccepted = true;
      this.#refusals = 0;
      answer = { status: 'ok', value };
    } catch (error) {
      if (hand.signal.aborted || this.#isKeyRefused(error)) return false;
      answer = { status: 'error', error: saveError(error) };
    }
    await this.#keep(run, row.key, answer);
    return true;
  }

  /** A worker with a wrong key would use up all rows, since no answer is as fast as its refusals. */
  #isKeyRefused(error: unknown): boolean {
    if (!(error instanceof RowRefused) || error.status !== UNAUTHORIZED) return false;
    this.#refusals++;
    if (this.#isAccepted && this.#refusals < MAX_REFUSALS) return false;
    if (!this.#isClosing) {
      this.#stop();
      this.#deps.onKeyRefused();
    }
    return true;
  }

  #stop(): void {
    this.#isClosing = true;
    void this.#worker.pause(true);
    for (const row of this.#rows()) row.giveUp();
  }

  /** The answer is paid for, so storing it is retried until Redis accepts it. */
  async #keep(run: string, key: string, answer: RowAnswer): Promise<void> {
    for (;;) {
      try {
        await this.#deps.link.answered(run, key, answer);
        return;
      } catch {
        await sleep(systemClock, RETRY_MS);
      }
    }
  }

  /** Extends the claims on the rows in hand, and gives up those that other workers have taken over. */
  readonly #beat = (): void => {
    this.#cancelBeat?.();
    void this.#extendClaims().finally(() => this.#beatLater());
  };

  async #extendClaims(): Promise<void> {
    try {
      for (const [run, inHand] of this.#inHand) {
        const rows = [...inHand.values()];
        const states = await this.#claim(
          run,
          rows.map(({ key }) => key),
        );
        for (const [index, row] of rows.entries()) if (states[index] !== 'claimed') row.giveUp();
      }
    } catch {
      // Rows whose claims are not extended in time are not started.
    }
  }

  #beatLater(): void {
    if (this.#isClosed) return;
    this.#cancelBeat?.();
    this.#cancelBeat = systemClock.after(this.#deps.takeoverMs / BEATS, this.#beat);
  }

  *#rows(): Generator<RowInHand> {
    for (const inHand of this.#inHand.values()) yield* inHand.values();
  }
}
