import { createAsk } from '../client.ts';
import type { Open } from './contestant.ts';

/** The official SDK alone: every call at once, its own retries. */
export function sdk(maxRetries: number): Open {
  return (account) => createAsk(account, { maxRetries });
}
