import { randomUUID } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { meterItem } from '../../../batch/call-meter.ts';
import { contentKey } from '../../../batch/item-key.ts';
import type { Journal } from '../../../batch/journal.ts';
import type { ItemContext, JournalOptions } from '../../../batch/options.ts';
import { restoreError } from '../../../batch/saved-error.ts';
import { systemClock } from '../../../core/clock.ts';
import type { PriceFunction } from '../../../cost/prices.ts';
import type { Guard } from '../../../guard.ts';
import { adapterFor } from '../../../providers/registry.ts';
import { parseExact } from '../exact-numbers.ts';
import { openWithoutBatches } from '../provider/provider-mode.ts';
import type { Row } from '../row-format.ts';
import type { RowResponse } from '../send-row.ts';
import { providerName, type Target } from '../target.ts';
import { CHUNK_ROWS, ChunkWorker } from './chunk-worker.ts';
import type { ChunkRow, QueueLink, RowAnswer } from './queue-link.ts';
import { KEY_REFUSED } from './serve-rows.ts';

interface Setup {
  readonly link: QueueLink;
  readonly target: Target;
  readonly guard: Pick<Guard, 'fetch' | 'on'>;
  readonly dedupe: boolean;
  /** Whether errors that an earlier run left in Redis count as no answers. */
  readonly retryFailed: boolean;
  readonly atOnce: number;
  readonly takeoverMs: number;
  readonly prices: PriceFunction | undefined;
  readonly say: (text: string) => void;
}

/** A partial chunk is sent after this time. */
const FILL_MS = 20;
const LOOK_MS = 100;
const MAX_AT_ONCE = 500;
/** By then, delivered answers have been written to the journal. */
const SAVED_MS = 60_000;
const SWEEP_MS = 2_000;
const RETRY_MS = 1_000;
const UUID = /^[\da-f-]{36}$/;
const LOST: RowAnswer = {
  status: 'error',
  error: { name: 'Error', message: 'Every worker that took the row has died.', code: 'workers_lost' },
};
/** BullMQ's words for a job with which too many workers have died. */
const ALL_DIED = 'stalled';
/** Errors of Redis that do not go away by themselves. */
const IS_PERMANENT = /\b(NOPERM|NOAUTH|WRONGPASS)\b|unknown command/;

/** Sends rows through the queue to workers, this process included, and collects the answers. */
export class WorkersMode {
  readonly #setup: Setup;
  readonly #abort = new AbortController();
  #run = '';
  #worker: ChunkWorker | undefined;
  /** Callbacks for the answers of rows, by key. */
  readonly #waiting = new Map<string, (answer: RowAnswer) => void>();
  /** Rows of jobs that may be in the queue. */
  readonly #jobs = new Map<string, readonly ChunkRow[]>();
  #chunk: ChunkRow[] = [];
  #fetched: { readonly key: string; readonly at: number }[] = [];
  readonly #timers = new Set<() => void>();
  #saidWhy = false;

  constructor(setup: Setup) {
    this.#setup = setup;
  }

  /**
   * The run's name is in the journal, so that a resuming command finds what workers have done in the meantime; and in a
   * file next to it, so that a run whose journal was lost finds it too.
   */
  async openJournal(options: JournalOptions): Promise<Journal> {
    let run: string | undefined;
    const journal = await openWithoutBatches(options, (note) => (run = runOf(note) ?? run));
    try {
      const name = run ?? (await nameBeside(options.path)) ?? randomUUID();
      if (run === undefined) await journal.note({ fleet: name });
      await writeFile(besideOf(options.path), name);
      await this.begin(name);
      return journal;
    } catch (error) {
      await journal.close();
      throw error;
    }
  }

  /** Starts or resumes a run, which gets a new name if it has no journal. */
  async begin(run: string = randomUUID()): Promise<void> {
    const { link, target, guard, atOnce, takeoverMs } = this.#setup;
    this.#run = run;
    await link.begin(run);
    const onKeyRefused = (): void =>
      this.abort(new Error(`${KEY_REFUSED} The workers continue with the rows in the queue.`));
    this.#worker = new ChunkWorker({ link, target, guard, atOnce, takeoverMs, onKeyRefused });
    this.#every(LOOK_MS, () => this.#look());
    this.#every(SWEEP_MS, () => this.#sweep());
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
    const answered = new Promise<RowAnswer>((resolve) => this.#waiting.set(key, resolve));
    this.#chunk.push({ key, url, body: JSON.stringify(body) });
    if (this.#chunk.length >= CHUNK_ROWS) this.#send();
    else if (this.#chunk.length === 1) this.#after(FILL_MS, () => this.#send());
    const answer = await answered;
    if (answer.status === 'error') throw restoreError(answer.error);
    this.#meter(body, answer.value);
    return answer.value;
  }

  /** `finished`: all answers are in the journal. A resuming run finds the others in Redis. */
  async close(finished: boolean): Promise<void> {
    const { link } = this.#setup;
    if (!this.#abort.signal.aborted) this.#abort.abort(new Error('The run has ended.'));
    for (const cancel of this.#timers) cancel();
    if (finished) await link.end(this.#run);
    await this.#worker?.close();
    await link.close();
  }

  #send(): void {
    const rows = this.#chunk;
    this.#chunk = [];
    if (rows.length > 0) void this.#tryEnqueue(rows);
  }

  async #tryEnqueue(rows: readonly ChunkRow[]): Promise<void> {
    if (this.signal.aborted) return;
    try {
      await this.#enqueue(rows);
    } catch (error) {
      this.#failed(error);
      this.#after(RETRY_MS, () => this.#tryEnqueue(rows));
    }
  }

  async #enqueue(rows: readonly ChunkRow[]): Promise<void> {
    const { link, retryFailed } = this.#setup;
    const keys = rows.map(({ key }) => key);
    const answers = await link.answersOf(this.#run, keys);
    const lost = keys.filter((_, index) => isLost(answers[index], retryFailed));
    await link.again(this.#run, lost);
    const sentAgain = new Set(lost);
    keys.forEach((key, index) => {
      if (!sentAgain.has(key)) this.#settle(key, answers[index]);
    });
    const missing = rows.filter(({ key }) => this.#waiting.has(key));
    if (missing.length === 0) return;
    this.#jobs.set(await link.add(this.#run, missing), missing);
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
    await link.fetched(
      this.#run,
      old.map(({ key }) => key),
    );
    this.#fetched = this.#fetched.slice(old.length);
    for (const job of await link.queue.getFailed(0, MAX_AT_ONCE)) {
      if (job.data.run !== this.#run) continue;
      await this.#look();
      if (job.failedReason?.includes(ALL_DIED))
        for (const { key } of job.data.rows) this.#settle(key, JSON.stringify(LOST));
      await job.remove();
    }
    // A chunk is over when its rows are answered; a Redis that restarted empty has neither jobs nor answers.
    for (const id of await link.gone([...this.#jobs.keys()])) {
      const missing = this.#jobs.get(id)!.filter(({ key }) => this.#waiting.has(key));
      if (missing.length > 0) await this.#enqueue(missing);
      this.#jobs.delete(id);
    }
  }

  /** Reports an error once; the run continues when Redis does. */
  #failed(error: unknown): void {
    const { message } = error as Error;
    if (IS_PERMANENT.test(message)) {
      this.abort(error);
      return;
    }
    if (this.#saidWhy || this.signal.aborted) return;
    this.#saidWhy = true;
    this.#setup.say(`Redis is unavailable (${message}): the run continues once it is back.`);
  }

  #settle(key: string, text: string | null | undefined): void {
    const take = this.#waiting.get(key);
    if (!take || !text) return;
    this.#waiting.delete(key);
    this.#fetched.push({ key, at: systemClock.now() });
    take(parseExact(text) as RowAnswer);
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
        this.#failed(error);
      }
      if (!this.signal.aborted) this.#every(ms, act);
    });
  }
}

/** Whether the answer of a row is no longer there, or is to be replaced. */
function isLost(text: string | null | undefined, retryFailed: boolean): boolean {
  if (text === '') return true;
  return retryFailed && typeof text === 'string' && (JSON.parse(text) as RowAnswer).status === 'error';
}

const besideOf = (journal: string): string => `${journal}.fleet`;

/** Undefined if there is none, or it was being written when the process died. */
async function nameBeside(journal: string): Promise<string | undefined> {
  try {
    return UUID.exec(await readFile(besideOf(journal), 'utf8'))?.[0];
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function runOf(note: unknown): string | undefined {
  const { fleet } = (note ?? {}) as { readonly fleet?: unknown };
  return typeof fleet === 'string' ? fleet : undefined;
}
