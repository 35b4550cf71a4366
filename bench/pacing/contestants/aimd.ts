import { setTimeout as wait } from 'node:timers/promises';
import { createAsk } from '../client.ts';
import { type Open, hintMs, WORKERS } from './contestant.ts';

const RETRIES = 10;
/** Consecutive answers before the concurrency is raised again. */
const CALM = 5;

/**
 * AIMD on the concurrency by the rules that promptfoo describes for its scheduler: halved after a refusal, raised by
 * half after five consecutive answers, never above the start. Reimplemented, because its package is an application with
 * SDKs and a database of its own.
 */
export const aimd: Open = (account) => {
  const ask = createAsk(account, { maxRetries: 0 });
  const places = new Places();
  let inARow = 0;
  return async (job) => {
    for (let attempt = 0; ; attempt++) {
      await places.take();
      let failure: unknown;
      try {
        const answer = await ask(job);
        if (++inARow % CALM === 0) places.most = Math.min(WORKERS, Math.ceil(places.most * 1.5));
        return answer;
      } catch (error) {
        failure = error;
        inARow = 0;
        if ((error as { readonly status?: number }).status === 429) places.most = Math.max(1, places.most >> 1);
      } finally {
        places.give();
      }
      if (attempt === RETRIES) throw failure;
      await wait(hintMs(failure) ?? 1_000 * 2 ** attempt);
    }
  };
};

class Places {
  most = WORKERS;
  #taken = 0;
  readonly #waiting: (() => void)[] = [];

  take(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      this.#next();
    });
  }

  give(): void {
    this.#taken--;
    this.#next();
  }

  #next(): void {
    for (; this.#taken < this.most && this.#waiting.length > 0; this.#taken++) this.#waiting.shift()!();
  }
}
