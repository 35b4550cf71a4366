import pLimit from 'p-limit';
import pRetry from 'p-retry';
import { createAsk } from '../client.ts';
import { type Open, WORKERS } from './contestant.ts';

/** p-retry's own defaults: ten retries after 1 s, 2 s, 4 s ... */
export const pLimitAndRetry: Open = (account) => {
  const ask = createAsk(account, { maxRetries: 0 });
  const limit = pLimit(WORKERS);
  return (job) => limit(() => pRetry(() => ask(job), { retries: 10 }));
};
