import type { Attempt } from '../../src/core/attempt.ts';
import type { Call } from '../../src/core/call.ts';
import { AttemptFailed } from '../../src/core/lane.ts';
import type { Failure } from '../../src/core/outcome.ts';
import type { GuardOptions } from '../../src/options.ts';
import { adapterFor } from '../../src/providers/registry.ts';
import { createCallError } from '../../src/errors.ts';
import { testGuard } from './guarded.ts';
import { VirtualClock } from './virtual-clock.ts';

/** The result of one attempt: an answer whose body ends when `ended` resolves, or a failure. */
export type Scripted = { readonly value: string; readonly ended: Promise<void> } | Failure;

export const answer = (value = 'done', ended: Promise<void> = Promise.resolve()): Scripted => ({ value, ended });

export const failure = (outcome: Failure['outcome'], more: Partial<Failure> = {}): Failure => ({
  outcome,
  retryable: true,
  advice: 'Wait.',
  ...more,
});

export interface ScriptedCall {
  readonly call: Call;
  readonly result: Promise<string>;
}

let accounts = 0;

/** A guard whose calls are sent nowhere: `send` gives the result of each attempt. Everything in between is real. */
export function scriptedGuard(options: GuardOptions, clock = new VirtualClock()) {
  const guard = testGuard(options, { clock, random: () => 0.5 });
  const adapter = adapterFor('openai');
  const account = {
    provider: 'openai',
    baseURL: 'http://scripted.test',
    credential: `scripted-${accounts++}`,
  } as const;
  const start = (
    send: (attempt: Attempt) => Scripted | Promise<Scripted>,
    signal?: AbortSignal,
    remaining: number = guard.maxAttempts - 1,
  ): ScriptedCall => {
    const call = guard.begin({
      account,
      adapter,
      request: { operation: 'chat', model: 'scripted', stream: false, inputBytes: 0, attributes: {} },
      sent: {},
      retries: remaining,
      header: () => undefined,
      errors: {
        aborted: (aborted) => aborted.reason as unknown,
        own: (code, message, details, cause) => createCallError(undefined, code, message, details, cause),
      },
      signal,
    });
    const result = call.run(async (attempt): Promise<string> => {
      const scripted = await send(attempt);
      if (!('outcome' in scripted)) {
        attempt.head(200, new Headers());
        attempt.succeeded(false);
        void scripted.ended.then(() => attempt.delivered({ outcome: 'completed' }));
        return scripted.value;
      }
      attempt.fail(scripted, undefined);
      throw new AttemptFailed(scripted, new Error(scripted.outcome), attempt.isFurtherFault);
    });
    return { call, result };
  };
  const lane = () => guard.snapshot()[0]!;
  return { guard, clock, start, lane };
}
