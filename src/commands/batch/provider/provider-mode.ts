import { BatchError } from '../../../batch/batch-error.ts';
import { meterItem } from '../../../batch/call-meter.ts';
import { contentKey } from '../../../batch/item-key.ts';
import { Journal } from '../../../batch/journal.ts';
import type { ItemContext, JournalOptions } from '../../../batch/options.ts';
import { systemClock } from '../../../core/clock.ts';
import type { PriceFunction } from '../../../cost/prices.ts';
import { adapterFor } from '../../../providers/registry.ts';
import { number } from '../../amounts.ts';
import { parseExact } from '../exact-numbers.ts';
import type { Row } from '../row-format.ts';
import { requestOf, type RowResponse, RowRefused, sendRow } from '../send-row.ts';
import { apiOf, providerName, type Target } from '../target.ts';
import { anthropicBatches } from './anthropic-batches.ts';
import type { Senders } from './batch-api.ts';
import { BatchNotes } from './batch-notes.ts';
import { HandOver } from './hand-over.ts';
import { openaiBatches } from './openai-batches.ts';
import { removeFiles } from './batch-file.ts';
import { ProviderBatches } from './provider-batches.ts';
import { ResultStore } from './result-store.ts';

interface Setup extends Senders {
  readonly target: Target;
  /** Base path of files. */
  readonly journal: string;
  readonly dedupe: boolean;
  readonly retryFailed: boolean;
  readonly acceptChanges: boolean;
  readonly orRowByRow: boolean;
  readonly pollMs: number;
  readonly leaveAfterMs: number | undefined;
  readonly prices: PriceFunction | undefined;
  readonly budget: { readonly maxUsd: number; worstUsd(row: Row): number } | undefined;
  readonly say: (text: string) => void;
  readonly progress: (text: string) => void;
}

export interface ProviderMode {
  /** Ends the run: Ctrl-C, or a permanent refusal. */
  readonly signal: AbortSignal;
  abort(reason: unknown): void;
  openJournal(options: JournalOptions): Promise<Journal>;
  /** Rows for the run, each once its outcome is known. */
  rows(read: () => AsyncGenerator<Row>): AsyncGenerator<Row>;
  worker(row: Row, context: ItemContext): Promise<RowResponse>;
  close(): Promise<void>;
}

/** Sends rows in the provider's batches, and unfinished ones row by row. */
export function openProviderMode(setup: Setup): ProviderMode {
  const { target, send, journal: base, leaveAfterMs, dedupe, budget } = setup;
  const abort = new AbortController();
  const senders: Senders = {
    send: (url, init) => send(url, { ...init, signal: abort.signal }),
    sendOnce: (url, init) => setup.sendOnce(url, { ...init, signal: abort.signal }),
  };
  const api =
    apiOf(target.provider) === 'anthropic' ? anthropicBatches(target, senders) : openaiBatches(target, senders);
  const notes = new BatchNotes(base);
  const results = new ResultStore(`${base}.results`, api);
  const fail = (error: unknown): void => abort.abort(error);
  const batches = new ProviderBatches({ ...setup, api, notes, results, base, fail, signal: abort.signal });
  const cancel =
    leaveAfterMs === undefined ? undefined : systemClock.after(leaveAfterMs, () => batches.leave(), { unref: true });
  let journal: Journal | undefined;
  let worstUsd = 0;
  const work = { begun: 0, ended: () => {} };

  const keyOf = ({ url, body }: Row): string => contentKey([url, body]);
  const customIdOf = (row: Row, index: number): string => (dedupe ? keyOf(row) : `${keyOf(row)}-${index}`);
  const handOver = new HandOver({
    api,
    notes,
    results,
    batches,
    base,
    signal: abort.signal,
    customIdOf,
    isDone(row, index) {
      const entry = journal?.find(dedupe ? keyOf(row) : `${index}:${keyOf(row)}`);
      return entry !== undefined && (entry.status === 'ok' || !setup.retryFailed);
    },
    budget: budget && {
      // The journal knows what was spent; without one, only what fits in the worst case is submitted.
      left: () => budget.maxUsd - (journal?.spent.chargedUsd ?? worstUsd),
      worstUsd(row) {
        const usd = budget.worstUsd(row);
        worstUsd += usd;
        return usd;
      },
    },
    async settled() {
      while (work.begun > 0) await new Promise<void>((resolve) => (work.ended = resolve));
      // Write the last outcomes to the journal first.
      await new Promise((resolve) => setImmediate(resolve));
    },
  });
  const usageOf = adapterFor(providerName(target.provider));

  async function answer(row: Row, { index, signal }: ItemContext): Promise<RowResponse> {
    const customId = customIdOf(row, index);
    const outcome = await results.get(customId);
    if (outcome.kind === 'unfinished') {
      // Nobody who cancels a batch wants to pay twice as much for its rows.
      if (notes.isCancelled(customId)) throw rowError('batch_cancelled', 'Its batch was cancelled at the provider.');
      return sendRow(requestOf(row), target, send, signal);
    }
    if (outcome.kind === 'failed') throw rowError(outcome.code, outcome.message);
    const { response } = outcome;
    if (response.status_code >= 400) throw new RowRefused(response);
    const usage = usageOf.readUsage(response.body);
    const model = row.body['model'];
    const usd =
      usage && typeof model === 'string'
        ? setup.prices?.({ provider: providerName(target.provider), model, usage, serviceTier: 'batch' })
        : undefined;
    meterItem(usage, setup.prices && (usd ?? null));
    return response;
  }

  return {
    signal: abort.signal,
    abort: fail,
    async openJournal(options) {
      journal = await Journal.open(options, (note) => notes.hear(note), parseExact);
      notes.keepIn(journal);
      await removeFiles(base);
      return journal;
    },
    rows: (read) => handOver.rows(read),
    async worker(row, context) {
      work.begun++;
      try {
        return await answer(row, context);
      } finally {
        if (--work.begun === 0) work.ended();
      }
    },
    async close() {
      cancel?.();
      if (!abort.signal.aborted) abort.abort(new Error('The run has ended.'));
      await batches.idle();
      notes.close();
      await results.close();
    },
  };
}

const rowError = (code: string, message: string): Error => Object.assign(new Error(message), { code });

/**
 * Opens a journal for sending rows one by one. Refuses if an earlier run left batches at the provider, since their rows
 * would be paid for twice.
 */
export async function openWithoutBatches(options: JournalOptions, onNote?: (note: unknown) => void): Promise<Journal> {
  const notes = new BatchNotes(options.path);
  try {
    const hear = (note: unknown): void => {
      notes.hear(note);
      onNote?.(note);
    };
    const journal = await Journal.open(options, hear, parseExact);
    const [batch] = notes.open;
    if (!batch || options.acceptChanges === true) return journal;
    await journal.close();
    const text = `Batch ${batch.id ?? 'that was requested'} of ${number(batch.rows)} rows is at the provider. Continue with --via provider-batch, or --accept-changes to send its rows again.`;
    throw new BatchError('journal_changed', text);
  } finally {
    notes.close();
  }
}
