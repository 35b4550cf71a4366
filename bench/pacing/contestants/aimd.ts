import { setTimeout as wait } from 'node:timers/promises';
import { createAsk } from '../client.ts';
import { type Open, hintMs, WORKERS } from './contestant.ts';

const RETRIES = 10;
/** Answers in a row before more are sent at once again. */
const CALM = 5;

/**
 * AIMD on the number of calls in flight by the rules that promptfoo describes for its scheduler: half as many after a
 * refusal, half as many more after five answers in a row, never more than at the start. Written here: its package is
 * an application with SDKs and a database of its own.
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
