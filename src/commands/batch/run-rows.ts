import { batch } from '../../batch/batch.ts';
import type { BatchOptions, JournalOptions } from '../../batch/options.ts';
import type { BatchSnapshot } from '../../batch/progress.ts';
import { createGuard } from '../../create-guard.ts';
import { worstCostOf } from '../../cost/worst-cost.ts';
import type { CommandIo } from '../command-io.ts';
import type { BatchArgs } from './batch-args.ts';
import type { InputCheck } from './check-input.ts';
import { inputRows } from './input-rows.ts';
import { progressLines, progressText } from './progress-lines.ts';
import { LineFile } from './result-files.ts';
import { resultLine } from './result-line.ts';
import { parseRow, type PromptSettings, type Row } from './row-format.ts';
import { sendRow } from './send-row.ts';
import { providerName, type Target } from './target.ts';

interface Run {
  readonly path: string;
  readonly args: BatchArgs;
  readonly check: InputCheck;
  readonly target: Target;
  readonly settings: PromptSettings;
  readonly resumeCommand: string;
}

/** Nobody looks at the clock of a batch: it waits out what an hourly limit asks for. */
const LONGEST_WAIT_MS = 3_600_000;

/** Sends the rows of a checked input. @returns The exit code. */
export async function runRows(run: Run, io: CommandIo): Promise<number> {
  const { args, check, target } = run;
  const guard = createGuard({
    ...(args.prices && { prices: args.prices }),
    retry: { maxHintMs: LONGEST_WAIT_MS },
    pacing: {
      ...(args.rpm !== undefined && { requestsPerMinute: args.rpm }),
      ...(args.tpm !== undefined && { tokensPerMinute: args.tpm }),
    },
  });
  const show = progressLines(io, args);
  let last: BatchSnapshot | undefined;
  const rows = batch(rowsOf(run), (row, { signal }) => sendRow(row, target, guard.fetch, signal), {
    guard,
    total: check.rows,
    id: (row) => row.id,
    key: ({ url, body }) => [url, body],
    dedupe: args.dedupe,
    order: args.order,
    ...(args.maxConcurrent !== undefined && { maxConcurrent: args.maxConcurrent }),
    ...(args.stopAfter !== undefined && { stopAfter: args.stopAfter }),
    ...budgetOf(run),
    ...(args.journal !== undefined && { journal: journalOf(run, args.journal) }),
    onProgress: (snapshot) => {
      last = snapshot;
      show(snapshot);
    },
  });
  let interrupted = false;
  let finished = false;
  void io.untilStopped.then(() => {
    if (finished) return;
    interrupted = true;
    io.err('Stopping: what is at work is finished. Again to stop at once.');
    rows.stop();
  });

  const api = target.provider === 'anthropic' ? 'anthropic' : 'openai';
  const out = new LineFile(args.out, io);
  const errors = args.errors === undefined ? out : new LineFile(args.errors, io);
  let broken: unknown;
  try {
    for await (const row of rows) await (row.status === 'ok' ? out : errors).write(resultLine(row, api));
  } catch (error) {
    broken = error;
  } finally {
    finished = true;
    const broke = broken !== undefined;
    await out.close(broke ? 'leave' : 'empty');
    if (errors !== out) await errors.close(broke ? 'leave' : 'remove');
    await guard.close();
  }
  return end(run, { broken, interrupted, last }, io);
}

async function* rowsOf({ path, check, settings }: Run): AsyncGenerator<Row> {
  for await (const row of inputRows(path, check.format, check.firstLine)) yield parseRow(row, check.format, settings);
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
    // Not the key: another one of the same account goes on where this one ended.
    parameters: { provider: target.provider, host, pathname, ...settings },
    acceptChanges: args.acceptChanges,
    retryFailed: args.retryFailed,
  };
}

interface Ending {
  readonly broken: unknown;
  readonly interrupted: boolean;
  readonly last: BatchSnapshot | undefined;
}

function end({ args, resumeCommand }: Run, { broken, interrupted, last }: Ending, io: CommandIo): number {
  const failed = last?.failed ?? 0;
  const { code } = (broken ?? {}) as { code?: unknown };
  const stopped = code === 'batch_stopped';
  const exit = interrupted ? 130 : broken === undefined ? Number(failed > 0) : exitOf(code);
  io.status?.('');
  if (args.json) {
    const error = broken === undefined || stopped ? null : (broken as Error).message;
    io.err(JSON.stringify({ event: 'end', exit, error, resume: broken === undefined ? null : resumeCommand, ...last }));
    return exit;
  }
  if (broken !== undefined && !stopped) io.err((broken as Error).message);
  if (last && !args.quiet) io.err(progressText(last));
  if (failed > 0 && args.errors !== undefined)
    io.err(`Failed rows are in ${args.errors}; --retry-failed sends them again.`);
  if (broken !== undefined && !wasRefused(code)) {
    io.err(
      args.journal === undefined ? 'There is no journal: the run begins anew next time.' : `To go on: ${resumeCommand}`,
    );
  }
  return exit;
}

function exitOf(code: unknown): number {
  if (code === 'batch_budget') return 3;
  return wasRefused(code) ? 2 : 1;
}

const wasRefused = (code: unknown): boolean => typeof code === 'string' && code.startsWith('journal_');
