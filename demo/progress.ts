import { MultiBar } from 'cli-progress';
import type { ProviderId } from './classifier.ts';
import { TITLES } from './classifier.ts';

export interface Progress {
  done(provider: ProviderId): void;
  stop(): void;
}

/** One bar per provider; without a terminal, a line each every few seconds. */
export function startProgress(
  providers: readonly ProviderId[],
  total: number,
  stateOf: (provider: ProviderId) => string,
): Progress {
  const bars = new MultiBar({
    format: '  {title} {bar} {value}/{total}  {duration} s  {state}',
    stream: process.stdout,
    barsize: 24,
    barCompleteChar: '#',
    barIncompleteChar: '.',
    noTTYOutput: true,
    notTTYSchedule: 5_000,
    linewrap: true,
    hideCursor: false,
    // Ctrl-C ends the demo, not only its bars.
    gracefulExit: false,
    emptyOnZero: true,
  });
  const entries = providers.map((provider) => {
    const title = TITLES[provider].padEnd(9);
    return [provider, bars.create(total, 0, { title, state: '' })] as const;
  });
  const byProvider = new Map(entries);
  const refresh = (): void => {
    // A wrapped line would confuse the redrawing, and a shorter one would leave remains of the last.
    const width = Math.max(0, (process.stdout.columns ?? 100) - 60);
    for (const [provider, bar] of byProvider) bar.update({ state: stateOf(provider).slice(0, width).padEnd(width) });
  };
  bars.on('update-pre', refresh);
  return {
    done(provider) {
      byProvider.get(provider)?.increment();
    },
    stop() {
      refresh();
      bars.stop();
    },
  };
}
