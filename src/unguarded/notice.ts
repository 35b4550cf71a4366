import type { GuardEvent } from '../core/events.ts';
import type { UnguardedRequest } from './watch-requests.ts';

interface Teller {
  emit(event: GuardEvent): void;
  warn(message: string): void;
}

/** Tells of requests that no guard saw: each as an event, and the first of its kind as a warning with what to do. */
export class UnguardedNotice {
  readonly #guard: Teller;
  readonly #told = new Set<string>();

  constructor(guard: Teller) {
    this.#guard = guard;
  }

  readonly tell = ({ provider, via, host }: UnguardedRequest): void => {
    this.#guard.emit({ type: 'unguarded', provider, via, host });
    const kind = `${provider} ${via}`;
    if (this.#told.has(kind)) return;
    this.#told.add(kind);
    this.#guard.warn(
      `A request to ${host} (${provider}) went past tidegate: it was neither paced nor retried nor counted. ` +
        (via === 'sdk' ? SDK : PLAIN) +
        ' The guard option `unguardedNotice: false` turns this notice off.',
    );
  };
}

const SDK =
  "It is an SDK's own: one that is bundled into the application, a second copy, or a client that nobody guards. " +
  'Mark the SDK external in the bundler, so that tidegate/register finds it, ' +
  'or import the client from tidegate/openai, tidegate/anthropic or tidegate/groq, or guard it with wrap().';
const PLAIN =
  'It is not of one of the SDKs that tidegate guards. Send it with guardedFetch of tidegate/fetch, ' +
  'or use a client of tidegate/openai, tidegate/anthropic or tidegate/groq, or one guarded with wrap().';
