import { createGuard } from '../../../create-guard.ts';
import type { CommandIo } from '../../command-io.ts';
import type { BatchArgs } from '../batch-args.ts';
import { targetOf } from '../target.ts';
import { ChunkWorker } from './chunk-worker.ts';
import { QueueLink } from './queue-link.ts';

/** Rows in flight in one process, before its limits. */
export const ROWS_AT_ONCE = 256;
/** A batch is not urgent: it waits out even an hourly limit. */
const LONGEST_WAIT_MS = 3_600_000;

export const KEY_REFUSED = 'The provider refuses the key of this process (status 401).';

/** Serves rows from the queue until it is stopped. @returns The exit code. */
export async function serveRows(args: BatchArgs, io: CommandIo): Promise<number> {
  const target = targetOf(args.provider ?? 'openai', args.baseURL, process.env);
  const link = await QueueLink.open(process.env['TIDEGATE_REDIS_URL'], target);
  const guard = createGuard({ shared: link.shared, retry: { maxHintMs: LONGEST_WAIT_MS } });
  let refused: (() => void) | undefined;
  const untilRefused = new Promise<void>((resolve) => (refused = resolve)).then(() => 'refused' as const);
  const worker = new ChunkWorker({
    link,
    guard,
    target,
    atOnce: args.maxConcurrent ?? ROWS_AT_ONCE,
    takeoverMs: args.takeoverMs,
    onKeyRefused: () => refused!(),
  });
  if (!args.quiet)
    io.err(`Taking rows for ${target.provider} from the queue. Ctrl-C stops once the rows in flight have finished.`);
  const end = await Promise.race([io.untilStopped, untilRefused]);
  if (end === 'refused') io.err(`${KEY_REFUSED} Its rows go back to the queue.`);
  await worker.close();
  await guard.close();
  await link.close();
  return end === 'refused' ? 1 : 0;
}
