import { sleep } from '../../../core/abort.ts';
import { systemClock } from '../../../core/clock.ts';
import { textWithCause } from '../../error-text.ts';
import { BatchApiError } from './batch-client.ts';

/** An error that lasts this long ends the run. Its batches continue at the provider, and the next run resumes them. */
const AWAY_MS = 3_600_000;
/** Maximum tries while the provider has never answered: its address is probably wrong. */
const FIRST_TRIES = 5;
/** A batch that was just created may not be visible everywhere yet. */
const LAG_TRIES = 5;
const BACKOFF_MS = 1_000;
const MAX_BACKOFF_MS = 60_000;

interface Settings {
  readonly say: (text: string) => void;
  readonly signal: AbortSignal;
}

/** Repeats requests until one is answered: an outage of minutes should not end a run of hours. */
export class RepeatedRequest {
  readonly #settings: Settings;
  #isKnown = false;

  constructor(settings: Settings) {
    this.#settings = settings;
  }

  /** `mayLag`: the requested object exists, but may not be visible at the provider yet. */
  async until<T>(ask: () => Promise<T>, { mayLag }: { readonly mayLag: boolean } = { mayLag: false }): Promise<T> {
    const { say, signal } = this.#settings;
    const begun = systemClock.now();
    for (let tries = 1; ; tries++) {
      try {
        const answer = await ask();
        this.#isKnown = true;
        return answer;
      } catch (error) {
        signal.throwIfAborted();
        const waits = mayLag && isGone(error) ? tries < LAG_TRIES : isPassing(error) && this.#waits(tries, begun);
        if (!waits) throw error;
        if (tries === 1) say(`${whatFailed(error)} Retrying.`);
        await this.pause(tries);
      }
    }
  }

  /** Waits before the next try. */
  pause(tries: number): Promise<void> {
    return sleep(systemClock, Math.min(MAX_BACKOFF_MS, BACKOFF_MS * 2 ** (tries - 1)), this.#settings.signal);
  }

  #waits(tries: number, begun: number): boolean {
    return this.#isKnown ? systemClock.now() - begun < AWAY_MS : tries < FIRST_TRIES;
  }
}

/** Whether the provider does not know the requested object. */
export function isGone(error: unknown): boolean {
  return error instanceof BatchApiError && (error.status === 404 || error.status === 410);
}

function isPassing(error: unknown): boolean {
  if (error instanceof BatchApiError) return error.isPassing;
  // An error of our own files, such as a full disk.
  return !(error instanceof Error && 'syscall' in error);
}

function whatFailed(error: unknown): string {
  const text = textWithCause(error);
  return /[.!?]$/.test(text) ? text : `${text}.`;
}
