import { setTimeout as wait } from 'node:timers/promises';
import pLimit from 'p-limit';
import { createAsk } from '../client.ts';
import type { Open } from './contestant.ts';

const ATTEMPTS = 6;
const WINDOW_MS = 1_000;

/** What tutorials and answers recommend: a window of the known RPM, some workers, backoff with full jitter. */
export function tutorial(workers: number): Open {
  return (account) => {
    const ask = createAsk(account, { maxRetries: 0 });
    const limit = pLimit(workers);
    const turn = slidingWindow(Math.max(1, Math.floor((account.requestsPerMinute * WINDOW_MS) / 60_000)));
    return (job) =>
      limit(async () => {
        for (let attempt = 1; ; attempt++) {
          await turn();
          try {
            return await ask(job);
          } catch (error) {
            if (attempt === ATTEMPTS) throw error;
            await wait(Math.random() * Math.min(60_000, 1_000 * 2 ** (attempt - 1)));
          }
        }
      });
  };
}

/**
 * At most `most` in any window. The window is a second, since one of a minute lets the whole minute go at once, which
 * would prove nothing in a run of ten seconds.
 */
function slidingWindow(most: number): () => Promise<void> {
  const sent: number[] = [];
  return async () => {
    for (;;) {
      const now = performance.now();
      while (sent.length > 0 && sent[0]! <= now - WINDOW_MS) sent.shift();
      if (sent.length < most) {
        sent.push(now);
        return;
      }
      await wait(Math.max(1, sent[0]! + WINDOW_MS - now));
    }
  };
}
