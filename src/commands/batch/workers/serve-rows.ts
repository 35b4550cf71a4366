import { createGuard } from '../../../create-guard.ts';
import type { CommandIo } from '../../command-io.ts';
import type { BatchArgs } from '../batch-args.ts';
import { sendRow } from '../send-row.ts';
import { targetOf } from '../target.ts';
import { ChunkWorker } from './chunk-worker.ts';
import { QueueLink } from './queue-link.ts';

/** Rows in flight in one process, before its limits. */
export const ROWS_AT_ONCE = 256;
/** A batch is not urgent: it waits out even an hourly limit. */
const LONGEST_WAIT_MS = 3_600_000;

/** Serves rows from the queue until it is stopped. @returns The exit code. */
export async function serveRows(args: BatchArgs, io: CommandIo): Promise<number> {
  const target = targetOf(args.provider ?? 'openai', args.baseURL, process.env);
  const link = await QueueLink.open(process.env['TIDEGATE_REDIS_URL'], target);
  const guard = createGuard({ shared: link.shared, retry: { maxHintMs: LONGEST_WAIT_MS } });
  const never = new AbortController().signal;
  const worker = new ChunkWorker({
    link,
    atOnce: args.maxConcurrent ?? ROWS_AT_ONCE,
    takeoverMs: args.takeoverMs,
    send: (row) => sendRow(row, target, guard.fetch, never),
  });
  if (!args.quiet)
    io.err(`Taking rows for ${target.provider} from the queue. Ctrl-C stops when what is at work is done.`);
  await io.untilStopped;
  await worker.close();
  await guard.close();
  await link.close();
  return 0;
}
