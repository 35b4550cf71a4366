import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { meterItem } from '../../../batch/call-meter.ts';
import { contentKey } from '../../../batch/item-key.ts';
import type { ItemContext } from '../../../batch/options.ts';
import { systemClock } from '../../../core/clock.ts';
import type { PriceFunction } from '../../../cost/prices.ts';
import { adapterFor } from '../../../providers/registry.ts';
import type { Row } from '../row-format.ts';
import { type RowResponse, RowRefused, sendRow } from '../send-row.ts';
import { providerName, type Target } from '../target.ts';
import { anthropicBatches } from './anthropic-batches.ts';
import { BatchRecord } from './batch-record.ts';
import { openaiBatches } from './openai-batches.ts';
import { ProviderQueue } from './provider-queue.ts';
import { ResultStore } from './result-store.ts';

interface Setup {
  readonly target: Target;
  readonly send: typeof fetch;
  /** Beside which the batches are recorded; undefined where nothing is kept. */
  readonly journal: string | undefined;
  readonly dedupe: boolean;
  readonly pollMs: number;
  readonly leaveAfterMs: number | undefined;
  readonly prices: PriceFunction | undefined;
  readonly say: (text: string) => void;
}

export interface ProviderMode {
  /** Ends the run: the user's Ctrl-C, or a refusal that no wait mends. */
  readonly signal: AbortSignal;
  abort(reason: unknown): void;
  worker(row: Row, context: ItemContext): Promise<RowResponse>;
  close(): Promise<void>;
}

/** Rows go into batches of the provider; what those leave undone goes row by row. */
export async function openProviderMode(setup: Setup): Promise<ProviderMode> {
  const { target, send, journal, leaveAfterMs, say } = setup;
  const abort = new AbortController();
  const base = journal ?? join(tmpdir(), `tidegate-${crypto.randomUUID()}`);
  const api = target.provider === 'anthropic' ? anthropicBatches(target, send) : openaiBatches(target, send);
  const record = await BatchRecord.load(`${base}.batches`);
  const results = new ResultStore(`${base}.results`, api);
  const queue = new ProviderQueue(api, record, results, {
    pollMs: setup.pollMs,
    say,
    signal: abort.signal,
    fail: (error) => abort.abort(error),
  });
  const cancel =
    leaveAfterMs === undefined ? undefined : systemClock.after(leaveAfterMs, () => queue.leave(), { unref: true });
  const usageOf = adapterFor(providerName(target.provider));
  return {
    signal: abort.signal,
    abort: (reason) => abort.abort(reason),
    async worker(row, { index, signal }) {
      const key = contentKey([row.url, row.body]);
      const customId = setup.dedupe ? key : `${key}-${index}`;
      const outcome = await queue.outcome({ customId, url: row.url, body: row.body });
      if (outcome.kind === 'unfinished') return sendRow(row, target, send, signal);
      if (outcome.kind === 'failed') throw Object.assign(new Error(outcome.message), { code: outcome.code });
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
    },
    async close() {
      cancel?.();
      if (!abort.signal.aborted) abort.abort(new Error('The run has ended.'));
      await results.close();
      await record.close();
      if (journal === undefined) await rm(`${base}.batches`, { force: true });
    },
  };
}
