import { AsyncCaller } from '@langchain/core/utils/async_caller';
import { createAsk } from '../client.ts';
import { type Open, WORKERS } from './contestant.ts';

/** What every LangChain model calls through; six retries by default, with the SDK's own switched off. */
export const langchain: Open = (account) => {
  const ask = createAsk(account, { maxRetries: 0 });
  const caller = new AsyncCaller({ maxConcurrency: WORKERS });
  return (job) => caller.call(() => ask(job));
};
