import type { BatchErrorCode } from '../../batch/batch-error.ts';
import type { BatchSnapshot } from '../../batch/progress.ts';
import type { CommandIo } from '../command-io.ts';
import type { BatchArgs } from './batch-args.ts';
import { errorText } from '../error-text.ts';
import { summaryText } from './progress.ts';

interface Ended {
  readonly args: BatchArgs;
  readonly resumeCommand: string;
}

interface Ending {
  readonly broken: unknown;
  readonly interrupted: boolean;
  readonly last: BatchSnapshot | undefined;
}

/** Reports how a run ended and how to resume it. @returns The exit code. */
export function endRun({ args, resumeCommand }: Ended, { interrupted, last, ...of }: Ending, io: CommandIo): number {
  const failed = last?.failed ?? 0;
  const stopped = codeOf(of.broken) === 'batch_stopped';
  // The rows in flight at the interruption may have been the last ones.
  const whole = interrupted && stopped && last !== undefined && last.done === last.total;
  const broken = whole ? undefined : of.broken;
  const code = codeOf(broken);
  const exit = interrupted && !whole ? 130 : broken === undefined ? Number(failed > 0) : exitOf(code);
  if (args.json) {
    const error = broken === undefined || stopped ? null : errorText(broken);
    io.err(JSON.stringify({ event: 'end', exit, error, resume: broken === undefined ? null : resumeCommand, ...last }));
    return exit;
  }
  if (broken !== undefined && !stopped) io.err(errorText(broken));
  if (last && !args.quiet) io.err(summaryText(last));
  if (failed > 0 && args.errors !== undefined)
    io.err(`Failed rows are in ${args.errors}; --retry-failed sends them again.`);
  if (broken !== undefined && !wasRefused(code)) {
    io.err(
      args.journal === undefined
        ? 'There is no journal: the next run starts from the beginning.'
        : `To resume: ${resumeCommand}`,
    );
  }
  return exit;
}

const codeOf = (error: unknown): unknown => (error as { code?: unknown } | undefined)?.code;

function exitOf(code: unknown): number {
  if (code === 'batch_budget') return 3;
  return wasRefused(code) ? 2 : 1;
}

/** Not so where the disk failed: what stands in the journal is good. */
const REFUSED: ReadonlySet<unknown> = new Set<BatchErrorCode>(['journal_locked', 'journal_changed', 'journal_invalid']);

const wasRefused = (code: unknown): boolean => REFUSED.has(code);
