import { createGuard, withCall } from '../../../src/index.ts';
import { createAsk } from '../client.ts';
import type { Open } from './contestant.ts';

/** Told nothing: no limit, no number of workers. */
export const tidegate: Open = (account) => {
  const guard = createGuard();
  const ask = createAsk(account, { guard: (client) => guard.wrap(client) });
  return (job) => (job.interactive ? withCall({ priority: 'interactive' }, () => ask(job)) : ask(job));
};
