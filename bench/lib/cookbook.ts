import { appendFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const TURN_MS = 1;
const MAX_TRIES = 5;

/**
 * OpenAI's cookbook, `api_request_parallel_processor.py`, in this language: a loop that looks every millisecond whether one more may
 * go, a queue of what failed, and answers appended to a file as they come. Its limits are out of reach here, as those of
 * the others.
 *
 * @returns Rows that were appended.
 */
export async function cookbook<I>(
  rows: Iterator<I>,
  ask: (row: I) => Promise<unknown>,
  together: number,
  seen: () => void,
): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), 'cookbook-'));
  const file = join(folder, 'results.jsonl');
  const again: { readonly row: I; readonly left: number }[] = [];
  const state = { inFlight: 0 };
  let appended = 0;
  let exhausted = false;
  const call = async (row: I, left: number): Promise<void> => {
    state.inFlight++;
    try {
      const answer = await ask(row);
      await appendFile(file, `${JSON.stringify([row, answer])}\n`);
      appended++;
      seen();
    } catch {
      if (left > 0) again.push({ row, left: left - 1 });
    } finally {
      state.inFlight--;
    }
  };
  try {
    for (;;) {
      // The script sends one a turn; without its capacity to count, as many as are allowed together.
      while (state.inFlight < together) {
        const failed = again.shift();
        const step = failed ? undefined : exhausted ? undefined : rows.next();
        if (step?.done === true) exhausted = true;
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
