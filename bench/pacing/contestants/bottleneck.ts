import Bottleneck from 'bottleneck';
import { createAsk } from '../client.ts';
import { type Open, hintMs, WORKERS } from './contestant.ts';

const RETRIES = 5;

/** Evenly spaced by the known RPM, with priorities; it cannot count tokens and bound its concurrency at once. */
export const bottleneck: Open = (account) => {
  const ask = createAsk(account, { maxRetries: 0 });
  const limiter = new Bottleneck({ minTime: 60_000 / account.requestsPerMinute, maxConcurrent: WORKERS });
  limiter.on('failed', async (error: unknown, { retryCount }) =>
    retryCount < RETRIES ? (hintMs(error) ?? 1_000 * 2 ** retryCount) : undefined,
  );
  return (job) => limiter.schedule({ priority: job.interactive ? 1 : 5 }, () => ask(job));
};
