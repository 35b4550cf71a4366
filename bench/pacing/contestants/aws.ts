import { setTimeout as wait } from 'node:timers/promises';
import { DefaultRateLimiter } from '@smithy/util-retry';
import pLimit from 'p-limit';
import { createAsk } from '../client.ts';
import { type Open, WORKERS } from './contestant.ts';

const RETRIES = 8;

/**
 * The limiter of the AWS SDK's adaptive mode, which learns a rate from refusals, with that SDK's backoff: full jitter
 * of 500 ms x 2^n after a refusal and 100 ms x 2^n after another failure, at most 20 s. Without its retry quota, which
 * favours it.
 */
export const aws: Open = (account) => {
  const ask = createAsk(account, { maxRetries: 0 });
  const limit = pLimit(WORKERS);
  const limiter = new DefaultRateLimiter();
  return (job) =>
    limit(async () => {
      for (let attempt = 0; ; attempt++) {
        await limiter.getSendToken();
        try {
          const answer = await ask(job);
          limiter.updateClientSendingRate({});
          return answer;
        } catch (error) {
          const throttled = (error as { readonly status?: number }).status === 429;
          limiter.updateClientSendingRate({ errorType: throttled ? 'THROTTLING' : 'TRANSIENT' });
          if (attempt === RETRIES) throw error;
          await wait(Math.random() * Math.min(20_000, (throttled ? 500 : 100) * 2 ** attempt));
        }
      }
    });
};
