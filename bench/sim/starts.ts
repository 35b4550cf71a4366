import type { Scenario } from './run-scenario.ts';
import { makeJobs } from './workload.ts';

const FILLS = [0, 0.02, 0.25, 0.5, 0.75] as const;
const BUCKETS = [1, 6, 60] as const;
/** Short enough that a bad start cannot hide in a long run. */
const MINUTES = 3;

/**
 * Starts without other users on partly used buckets: what is missing are leftovers, not a neighbour's pace. Three
 * minutes of work beyond the bucket, so that the start is most of what is measured.
 */
export function starts(scale = 1): Scenario[] {
  return BUCKETS.flatMap((bucketSeconds) =>
    FILLS.flatMap((fill): Scenario[] => {
      const minutes = MINUTES + (fill * bucketSeconds) / 60;
      const target = { ratio: 1.03, waste: 0.01 };
      const name = (what: string): string => `start ${what}, ${bucketSeconds} s, ${100 * fill} %`;
      const requestsPerMinute = Math.round(500 * scale);
      const tokensPerMinute = Math.round(200_000 * scale);
      return [
        {
          name: name('RPM'),
          setup: {
            provider: 'openai',
            limits: { requestsPerMinute, tokensPerMinute: 2_000_000 * scale },
            bucketSeconds,
            fill,
          },
          jobs: (random) => makeJobs({ count: Math.round(minutes * requestsPerMinute), shape: 'uniform', random }),
          target,
        },
        {
          name: name('TPM'),
          setup: { provider: 'openai', limits: { requestsPerMinute: 5_000, tokensPerMinute }, bucketSeconds, fill },
          // 800 tokens per call, as OpenAI counts it.
          jobs: (random) =>
            makeJobs({ count: Math.round((minutes * tokensPerMinute) / 800), shape: 'uniform', random }),
          target,
        },
      ];
    }),
  );
}
