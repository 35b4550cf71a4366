import pLimit from 'p-limit';
import pRetry from 'p-retry';
import { RateLimiterMemory, RateLimiterQueue } from 'rate-limiter-flexible';
import { createAsk } from '../client.ts';
import { type Open, WORKERS } from './contestant.ts';

/** Two of its queues, told the RPM and the TPM; retries by p-retry, as it has none. */
export const rateLimiterFlexible: Open = (account) => {
  const ask = createAsk(account, { maxRetries: 0 });
  const limit = pLimit(WORKERS);
  // Windows of a second, for the same reason as in the tutorial.
  const perSecond = (perMinute: number): number => Math.max(1, Math.floor(perMinute / 60));
  const points = perSecond(account.tokensPerMinute);
  const requests = new RateLimiterQueue(
    new RateLimiterMemory({ points: perSecond(account.requestsPerMinute), duration: 1, keyPrefix: 'requests' }),
  );
  const tokens = new RateLimiterQueue(new RateLimiterMemory({ points, duration: 1, keyPrefix: 'tokens' }));
  return (job) =>
    limit(() =>
      pRetry(
        async () => {
          await requests.removeTokens(1);
          // A call larger than the window would be refused for good.
          await tokens.removeTokens(Math.min(points, tokensOf(account.provider, job)));
          return ask(job);
        },
        { retries: 5 },
      ),
    );
};

function tokensOf(
  provider: string,
  { cost, maxOutputTokens }: { cost: { inputTokens: number }; maxOutputTokens: number },
): number {
  if (provider === 'anthropic') return cost.inputTokens;
  return provider === 'groq' ? cost.inputTokens + maxOutputTokens : Math.max(cost.inputTokens, maxOutputTokens);
}
