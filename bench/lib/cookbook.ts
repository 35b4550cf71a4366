import { appendFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const TURN_MS = 1;
const MAX_TRIES = 5;
/** After a refusal nothing is sent for this long. */
const REFUSED_MS = 15_000;

interface Told {
  readonly requestsPerMinute: number;
}

/**
 * OpenAI's cookbook script `api_request_parallel_processor.py` in TypeScript: a loop that checks every millisecond
 * whether another request may go, a queue of failed ones, and answers appended to a file as they arrive. Given a limit,
 * it starts with a minute's worth, which refills evenly.
 *
 * @returns Rows that were appended.
 */
export async function cookbook<I>(
  rows: Iterator<I>,
  ask: (row: I) => Promise<unknown>,
  together: number,
  seen: () => void,
  { requestsPerMinute }: Told = { requestsPerMinute: Infinity },
): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), 'cookbook-'));
  const file = join(folder, 'results.jsonl');
  const again: { readonly row: I; readonly left: number }[] = [];
  const state = { inFlight: 0, refusedAt: -Infinity };
  let capacity = requestsPerMinute;
  let lookedAt = performance.now();
  let appended = 0;
  let exhausted = false;
  const call = async (row: I, left: number): Promise<void> => {
    state.inFlight++;
    try {
      const answer = await ask(row);
      await appendFile(file, `${JSON.stringify([row, answer])}\n`);
      appended++;
      seen();
    } catch (error) {
      if ((error as { readonly status?: number }).status === 429) state.refusedAt = performance.now();
      if (left > 0) again.push({ row, left: left - 1 });
    } finally {
      state.inFlight--;
    }
  };
  try {
    for (;;) {
      const now = performance.now();
      capacity = Math.min(requestsPerMinute, capacity + ((now - lookedAt) * requestsPerMinute) / 60_000);
      lookedAt = now;
      // The script sends one per turn; this sends as many as are allowed together.
      while (state.inFlight < together && capacity >= 1 && now - state.refusedAt >= REFUSED_MS) {
        const failed = again.shift();
        const step = failed ? undefined : exhausted ? undefined : rows.next();
        if (step?.done === true) exhausted = true;
        if (failed || step?.done === false) capacity--;
        if (failed) void call(failed.row, failed.left);
        else if (step && step.done !== true) void call(step.value, MAX_TRIES);
        else break;
      }
      if (exhausted && state.inFlight === 0 && again.length === 0) return appended;
      await new Promise((resolve) => setTimeout(resolve, TURN_MS));
    }
  } finally {
    await rm(folder, { recursive: true });
  }
}
