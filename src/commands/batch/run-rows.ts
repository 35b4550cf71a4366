import { BatchError } from '../../batch/batch-error.ts';
import { batchWith } from '../../batch/batch.ts';
import type { BatchOptions, BatchWorker, JournalOptions } from '../../batch/options.ts';
import type { Journal } from '../../batch/journal.ts';
import type { BatchSnapshot } from '../../batch/progress.ts';
import { fetchOf } from '../../core/fetch-of.ts';
import type { ProviderName } from '../../core/provider.ts';
import { createGuard } from '../../create-guard.ts';
import type { PriceFunction } from '../../cost/prices.ts';
import { worstCostOf } from '../../cost/worst-cost.ts';
import type { Guard } from '../../guard.ts';
import type { CommandIo } from '../command-io.ts';
import type { BatchArgs } from './batch-args.ts';
import type { InputCheck } from './check-input.ts';
import type { InputTotals } from './input-totals.ts';
import { forecast } from './dry-run.ts';
import { endRun } from './end-run.ts';
import { inputRows } from './input-rows.ts';
import { ProgressDisplay } from './progress.ts';
import { promptBeginnings } from './prompt-beginnings.ts';
import type { Senders } from './provider/batch-api.ts';
import { chooseWay } from './provider/choose-way.ts';
import { openProviderMode, openWithoutBatches, type ProviderMode } from './provider/provider-mode.ts';
import { RunBegin } from './provider/run-begin.ts';
import { LineFile } from './result-files.ts';
import { resultLine } from './result-line.ts';
import { parseRow, type PromptSettings, type Row } from './row-format.ts';
import { requestOf, type RowResponse, sendRow } from './send-row.ts';
import { apiOf, providerName, type Target } from './target.ts';
import type { QueueLink } from './workers/queue-link.ts';
import { ROWS_AT_ONCE } from './workers/serve-rows.ts';
import { WorkersMode } from './workers/workers-mode.ts';

interface Run {
  readonly path: string;
  readonly args: BatchArgs;
  readonly check: InputCheck;
  /** Set if there is a deadline for batches of the provider. */
  readonly totals: InputTotals | undefined;
  readonly target: Target;
  /** To workers on other machines. */
  readonly link: QueueLink | undefined;
  readonly settings: PromptSettings;
  readonly resumeCommand: string;
}

/** Maximum number of rows in the queue for workers. */
const AT_WORKERS = 4_000;

/** More rows than any mode has in flight. */
const MAX_QUEUED = 1_000_000;

/** A batch is not urgent: it waits out even an hourly limit. */
const LONGEST_WAIT_MS = 3_600_000;

/** Sends the rows of a checked input. @returns The exit code. */
export async function runRows(run: Run, io: CommandIo): Promise<number> {
  const { args, check, target, link } = run;
  const provider = providerName(target.provider);
  const guard = createGuard({
    ...(link && { shared: link.shared }),
    // The address of a proxy does not reveal whose models it serves.
    ...(args.prices && { prices: pricesOf(args.prices, provider) }),
    retry: { maxHintMs: LONGEST_WAIT_MS },
    bulkhead: { maxQueued: MAX_QUEUED },
    pacing: {
      ...(args.rpm !== undefined && { requestsPerMinute: args.rpm }),
      ...(args.tpm !== undefined && { tokensPerMinute: args.tpm }),
    },
  });
  const send = fetchOf(guard, provider);
  const display = new ProgressDisplay(io, args);
  if (!args.quiet) sayUnreachable(guard, target, display);
  let last: BatchSnapshot | undefined;
  const once = createGuard({ retry: { maxAttempts: 1, maxHintMs: LONGEST_WAIT_MS } });
  const workers = link && workersMode(run, link, guard, display);
  const { journal, deadlineMs } = args;
  const begin = deadlineMs === undefined || journal === undefined ? undefined : await RunBegin.read(journal);
  const senders = { send, sendOnce: fetchOf(once, provider) };
  const batches = link ? undefined : providerMode(run, senders, begin, display);
  const mode = workers ?? batches;
  const options: BatchOptions<Row> = {
    guard,
    total: check.rows,
    id: (row) => row.id,
    key: ({ url, body }) => [url, body],
    dedupe: args.dedupe,
    order: args.order,
    ...(args.maxConcurrent !== undefined && { maxConcurrent: args.maxConcurrent }),
    ...(link && { maxConcurrent: AT_WORKERS }),
    ...(mode && { signal: mode.signal }),
    // Not for workers, which order rows where they send them, nor for provider batches, which have their own cache.
    ...(args.warm && !mode && { prefix: (row: Row) => promptBeginnings(target.provider, row) }),
    ...(args.stopAfter !== undefined && { stopAfter: args.stopAfter }),
    ...budgetOf(run),
    ...(journal !== undefined && { journal: journalOf(run, journal) }),
    onProgress: (snapshot) => {
      last = snapshot;
      display.show(snapshot);
    },
  };
  const bySelf: BatchWorker<Row, RowResponse> = (row, { signal }) => sendRow(requestOf(row), target, send, signal);
  const worker: typeof bySelf = mode ? (row, context) => mode.worker(row, context) : bySelf;
  const items = batches ? batches.rows(() => rowsOf(run)) : rowsOf(run);
  const openJournal = async (of: JournalOptions): Promise<Journal> => {
    const opened = await (mode ? mode.openJournal(of) : openWithoutBatches(of));
    begin?.keepIn(opened);
    return opened;
  };
  if (workers && journal === undefined) await workers.begin();
  const rows = batchWith(items, worker, options, openJournal);
  let interrupted = false;
  let finished = false;
  void io.untilStopped.then(() => {
    if (finished) return;
    interrupted = true;
    if (mode) {
      mode.abort(
        new BatchError(
          'batch_stopped',
          link
            ? 'Interrupted: the workers continue, and the next run collects their answers.'
            : 'Interrupted: the batches continue at the provider, and the next run resumes them.',
        ),
      );
      return;
    }
    display.say('stopping', 'Stopping once the rows in flight have finished. Press Ctrl-C again to stop immediately.');
    rows.stop();
  });

  const api = apiOf(target.provider);
  const out = new LineFile(args.out, io);
  const errors = args.errors === undefined ? out : new LineFile(args.errors, io);
  let broken: unknown;
  try {
    let told = 0;
    for await (const row of rows) {
      await (row.status === 'ok' ? out : errors).write(resultLine(row, api));
      if (++told === check.rows) begin?.ended();
    }
  } catch (error) {
    broken = error;
  } finally {
    finished = true;
    display.close();
    const broke = broken !== undefined;
    try {
      await out.close(broke ? 'leave' : 'empty');
      if (errors !== out) await errors.close(broke ? 'leave' : 'remove');
    } catch (error) {
      // Such as a full disk: the journal is intact.
      broken ??= error;
    }
    await mode?.close(!broke);
    await Promise.all([guard.close(), once.close()]);
  }
  return endRun(run, { broken, interrupted, last }, io);
}

/** Reports once that the provider is unreachable: rows are retried for minutes before they fail. */
function sayUnreachable(guard: Guard, target: Target, display: ProgressDisplay): void {
  const stop = guard.on('attempt.end', ({ outcome, code }) => {
    if (outcome !== 'connection') return;
    stop();
    const why = code === undefined ? '' : ` (${code})`;
    display.say('unreachable', `The connection to ${new URL(target.baseURL).host} failed${why}. Retrying.`);
  });
}

/** Sends rows through workers on any machine. */
function workersMode({ args, target }: Run, link: QueueLink, guard: Guard, display: ProgressDisplay): WorkersMode {
  const { dedupe, retryFailed, takeoverMs, prices, quiet, maxConcurrent: atOnce = ROWS_AT_ONCE } = args;
  const say = (text: string): void => {
    if (!quiet) display.say('redis', text);
  };
  return new WorkersMode({ link, target, guard, dedupe, retryFailed, takeoverMs, prices, atOnce, say });
}

/** Undefined if rows go one by one. */
function providerMode(
  run: Run,
  senders: Senders,
  begin: RunBegin | undefined,
  display: ProgressDisplay,
): ProviderMode | undefined {
  const { args, check, totals, target } = run;
  const made = totals && forecast(totals, args, providerName(target.provider), undefined);
  const { via, deadlineMs } = args;
  const { elapsedMs, hasBatches } = begin ?? { elapsedMs: 0, hasBatches: false };
  const way = chooseWay({ via, deadlineMs, elapsedMs, hasBatches, rows: check.rows, seconds: made?.seconds?.[1] });
  const say = (text: string): void => {
    if (args.quiet) return;
    display.say('batch', text);
  };
  if (way.note !== undefined) say(way.note);
  if (way.via === 'sync') return undefined;
  const { journal, dedupe, retryFailed, acceptChanges, pollMs, prices } = args;
  const { maxCost, worstCost } = budgetOf(run);
  const budget =
    maxCost === undefined ? undefined : { maxUsd: maxCost, worstUsd: (row: Row) => worstCost!(row, 0) ?? Infinity };
  const progress = (text: string): void => display.aside(text);
  const { leaveAfterMs } = way;
  const kept = { journal: journal!, dedupe, retryFailed, acceptChanges, pollMs, leaveAfterMs, prices, budget };
  return openProviderMode({ ...senders, target, ...kept, orRowByRow: via === 'auto', say, progress });
}

async function* rowsOf({ path, check, settings }: Run): AsyncGenerator<Row> {
  for await (const row of inputRows(path, check.format, check.firstLine)) yield parseRow(row, check.format, settings);
}

function pricesOf(prices: PriceFunction, provider: ProviderName): PriceFunction {
  return (used) => prices({ ...used, provider });
}

function budgetOf({ args, target }: Run): Pick<BatchOptions<Row>, 'maxCost' | 'worstCost'> {
  const { maxCost, prices } = args;
  if (maxCost === undefined || !prices) return {};
  const provider = providerName(target.provider);
  return { maxCost, worstCost: ({ url, body }) => worstCostOf({ provider, path: url, body }, prices) };
}

function journalOf({ args, target, settings }: Run, path: string): JournalOptions {
  const { host, pathname } = new URL(target.baseURL);
  return {
    path,
    // Not the key: a run may resume with another key of the same account.
    parameters: { provider: target.provider, host, pathname, ...settings },
    acceptChanges: args.acceptChanges,
    retryFailed: args.retryFailed,
  };
}
