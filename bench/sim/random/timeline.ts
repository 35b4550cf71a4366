import type { RunOptions } from './run-case.ts';

const EVERY_MS = 1_000;

/** Prints every second what was sent and admitted, the limits' levels, and the beliefs of the first process. */
export function timeline(print: (line: string) => void): RunOptions {
  let sent = 0;
  let refused = 0;
  let admitted = 0;
  return {
    everyMs: EVERY_MS,
    onTick(now, provider, clients, tally) {
      const levels = provider.limits.all.map(
        ({ name, model }) => `${name} ${Math.round(model.available(now))}/${Math.round(model.capacity)}`,
      );
      print(
        `${(now / 1_000).toFixed(0).padStart(5)} s  sent ${tally.attempts - sent}  429 ${tally.throttled - refused}` +
          `  admitted ${provider.admitted.calls - admitted}  in flight ${provider.admitted.inFlight}  ${levels.join('  ')}` +
          `\n         ${clients[0]!.state?.() ?? ''}`,
      );
      sent = tally.attempts;
      refused = tally.throttled;
      admitted = provider.admitted.calls;
    },
  };
}
