import { readFile, writeFile } from 'node:fs/promises';
import { meterItem } from '../../../batch/call-meter.ts';
import { contentKey } from '../../../batch/item-key.ts';
import type { ItemContext } from '../../../batch/options.ts';
import { restoreError } from '../../../batch/saved-error.ts';
import { systemClock } from '../../../core/clock.ts';
import type { PriceFunction } from '../../../cost/prices.ts';
import { adapterFor } from '../../../providers/registry.ts';
import type { Row } from '../row-format.ts';
import { type RowResponse, sendRow } from '../send-row.ts';
import { providerName, type Target } from '../target.ts';
import { CHUNK_ROWS, ChunkWorker } from './chunk-worker.ts';
import type { ChunkRow, QueueLink, RowAnswer } from './queue-link.ts';

interface Setup {
  readonly link: QueueLink;
  readonly target: Target;
  readonly send: typeof fetch;
  /** Base path of the run's name; undefined if nothing is kept. */
  readonly journal: string | undefined;
  readonly dedupe: boolean;
  readonly atOnce: number;
  readonly takeoverMs: number;
  readonly prices: PriceFunction | undefined;
}

interface Waiting {
  readonly row: ChunkRow;
  readonly resolve: (answer: RowAnswer) => void;
}

/** A partial chunk is sent after this time. */
const FILL_MS = 20;
const LOOK_MS = 100;
const MAX_AT_ONCE = 500;
/** Delivered answers are on the disk by then. */
const SAVED_MS = 60_000;
const SWEEP_MS = 5_000;
const LOST: RowAnswer = {
  status: 'error',
  error: { name: 'Error', message: 'Every worker that took the row has died.', code: 'workers_lost' },
};

/** Sends rows through the queue to workers, this process included, and collects the answers. */
export class WorkersMode {
  readonly #setup: Setup;
  readonly #run: string;
  readonly #abort = new AbortController();
  readonly #worker: ChunkWorker;
  readonly #waiting = new Map<string, Waiting>();
  #chunk: ChunkRow[] = [];
  #fetched: { readonly key: string; readonly at: number }[] = [];
  readonly #timers = new Set<() => void>();

  private constructor(setup: Setup, run: string) {
    this.#setup = setup;
    this.#run = run;
    const { link, target, send, atOnce, takeoverMs } = setup;
    const never = new AbortController().signal;
    this.#worker = new ChunkWorker({ link, atOnce, takeoverMs, send: (row) => sendRow(row, target, send, never) });
    this.#every(LOOK_MS, () => this.#look());
    this.#every(SWEEP_MS, () => this.#sweep());
  }

  static async open(setup: Setup): Promise<WorkersMode> {
    const run = await runOf(setup.journal);
    await setup.link.begin(run);
    return new WorkersMode(setup, run);
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  abort(reason: unknown): void {
    this.#abort.abort(reason);
  }

  async worker({ url, body }: Row, { index }: ItemContext): Promise<RowResponse> {
    const content = contentKey([url, body]);
    const key = this.#setup.dedupe ? content : `${index}:${content}`;
    const answered = new Promise<RowAnswer>((resolve) => this.#waiting.set(key, { row: { key, url, body }, resolve }));
    this.#chunk.push({ key, url, body });
    if (this.#chunk.length >= CHUNK_ROWS) this.#send();
    else if (this.#chunk.length === 1) this.#after(FILL_MS, () => this.#send());
    const answer = await answered;
    if (answer.status === 'error') throw restoreError(answer.error);
    this.#meter(body, answer.value);
    return answer.value;
  }

  /** A resuming run finds unanswered rows. */
  async close(): Promise<void> {
    const { link } = this.#setup;
    const finished = this.#waiting.size === 0 && !this.#abort.signal.aborted;
    if (!this.#abort.signal.aborted) this.#abort.abort(new Error('The run has ended.'));
    for (const cancel of this.#timers) cancel();
    if (finished) await link.end(this.#run);
    await this.#worker.close();
    await link.close();
  }

  #send(): void {
    const rows = this.#chunk;
    this.#chunk = [];
    if (rows.length > 0 && !this.signal.aborted) void this.#enqueue(rows).catch((error: unknown) => this.abort(error));
  }

  async #enqueue(rows: readonly ChunkRow[]): Promise<void> {
    const { link } = this.#setup;
    const answers = await link.answersOf(
      this.#run,
      rows.map(({ key }) => key),
    );
    rows.forEach(({ key }, index) => this.#settle(key, answers[index]));
    await link.again(
      this.#run,
      rows.filter((_, index) => answers[index] === '').map(({ key }) => key),
    );
    const missing = rows.filter((_, index) => !answers[index]);
    if (missing.length === 0) return;
    await link.queue.add('rows', { run: this.#run, rows: missing }, { removeOnComplete: true });
  }

  async #look(): Promise<void> {
    const { link } = this.#setup;
    for (;;) {
      const keys = await link.done(this.#run, MAX_AT_ONCE);
      const answers = await link.answersOf(this.#run, keys);
      keys.forEach((key, index) => this.#settle(key, answers[index]));
      if (keys.length < MAX_AT_ONCE) return;
    }
  }

  async #sweep(): Promise<void> {
    const { link } = this.#setup;
    const until = systemClock.now() - SAVED_MS;
    const old = this.#fetched.filter(({ at }) => at < until);
    this.#fetched = this.#fetched.slice(old.length);
    await link.fetched(
      this.#run,
      old.map(({ key }) => key),
    );
    for (const job of await link.queue.getFailed(0, MAX_AT_ONCE)) {
      if (job.data.run !== this.#run) continue;
      await this.#look();
      for (const { key } of job.data.rows) this.#settle(key, JSON.stringify(LOST));
      await job.remove();
    }
  }

  #settle(key: string, text: string | null | undefined): void {
    const waiting = this.#waiting.get(key);
    if (!waiting || !text) return;
    this.#waiting.delete(key);
    this.#fetched.push({ key, at: systemClock.now() });
    waiting.resolve(JSON.parse(text) as RowAnswer);
  }

  #meter(body: Row['body'], response: RowResponse): void {
    const { target, prices } = this.#setup;
    const provider = providerName(target.provider);
    const usage = adapterFor(provider).readUsage(response.body);
    const model = body['model'];
    const usd = usage && typeof model === 'string' ? prices?.({ provider, model, usage }) : undefined;
    meterItem(usage, prices && (usd ?? null));
  }

  #after(ms: number, then: () => unknown): void {
    const cancel = systemClock.after(ms, () => {
      this.#timers.delete(cancel);
      then();
    });
    this.#timers.add(cancel);
  }

  #every(ms: number, act: () => Promise<void>): void {
    this.#after(ms, async () => {
      try {
        await act();
      } catch (error) {
        this.abort(error);
      }
      if (!this.signal.aborted) this.#every(ms, act);
    });
  }
}

/** Names a run, so that a resuming command finds what workers have done meanwhile. */
async function runOf(journal: string | undefined): Promise<string> {
  const fresh = crypto.randomUUID();
  if (journal === undefined) return fresh;
  const path = `${journal}.fleet`;
  try {
    await writeFile(path, fresh, { flag: 'wx' });
    return fresh;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    return (await readFile(path, 'utf8')).trim() || fresh;
  }
}
