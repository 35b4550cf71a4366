import { adapterFor } from '../../../src/providers/registry.ts';
import type { CaseJob } from './case.ts';
import type { ClientSetup } from './contestant.ts';

/** The result of one attempt, as an SDK shows it. */
export interface Attempted {
  readonly ok: boolean;
  readonly throttled: boolean;
  readonly hintMs: number | undefined;
  readonly sentAt: number;
}

/** Sends one attempt and counts it. */
export function createAsk({ clock, provider, spec, tally }: ClientSetup): (job: CaseJob) => Promise<Attempted> {
  const adapter = adapterFor(spec.dialect);
  return (job) => {
    const sentAt = clock.now();
    tally.attempts++;
    tally.sent.push(sentAt);
    return new Promise((resolve) => {
      provider.send(job, {
        head: () => undefined,
        end(reply) {
          const ok = reply?.status === 200;
          const throttled = reply?.status === 429;
          const failure = reply && !ok ? adapter.classify(reply, clock.wall()) : undefined;
          if (!ok) tally.failedAttempts++;
          if (throttled) tally.throttled++;
          const hintMs = failure?.hintSource === 'reset_header' ? undefined : failure?.hintMs;
          resolve({ ok, throttled, hintMs, sentAt });
        },
      });
    });
  };
}
