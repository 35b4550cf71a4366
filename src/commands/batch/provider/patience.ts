import { sleep } from '../../../core/abort.ts';
import { systemClock } from '../../../core/clock.ts';
import { textWithCause } from '../../error-text.ts';
import { BatchApiError } from './batch-client.ts';

/** What no answer has mended for so long ends the run; batches go on without it, and the next run with them. */
const AWAY_MS = 3_600_000;
/** A provider that has never answered is rather a wrong address. */
const FIRST_TRIES = 5;
/** A batch that was just created may not be visible everywhere yet. */
const LAG_TRIES = 5;
const BACKOFF_MS = 1_000;
const MAX_BACKOFF_MS = 60_000;

interface Settings {
  readonly say: (text: string) => void;
  readonly signal: AbortSignal;
}

/** Asks until there is an answer: a provider that is away for minutes is no reason to end a run of hours. */
export class Patience {
  readonly #settings: Settings;
  #isKnown = false;

  constructor(settings: Settings) {
    this.#settings = settings;
  }

  /** `mayLag`: it is there, though the provider may not know it yet. */
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
        if (tries === 1) say(`${whatFailed(error)} Asking again.`);
        await this.pause(tries);
      }
    }
  }

  /** Before the next of some tries. */
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
  // Of our own files: a full disk, say.
  return !(error instanceof Error && 'syscall' in error);
}

function whatFailed(error: unknown): string {
  const text = textWithCause(error);
  return /[.!?]$/.test(text) ? text : `${text}.`;
}
