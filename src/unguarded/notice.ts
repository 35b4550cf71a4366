import type { GuardEvent } from '../core/events.ts';
import type { UnguardedRequest } from './watch-requests.ts';

interface Reporter {
  emit(event: GuardEvent): void;
  warn(message: string): void;
}

/**
 * Reports requests that no guard sent: each as an event, the first of each kind also as a warning that says what to do.
 */
export class UnguardedNotice {
  readonly #guard: Reporter;
  readonly #warned = new Set<string>();

  constructor(guard: Reporter) {
    this.#guard = guard;
  }

  readonly report = ({ provider, via, host }: UnguardedRequest): void => {
    this.#guard.emit({ type: 'unguarded', provider, via, host });
    const kind = `${provider} ${via}`;
    if (this.#warned.has(kind)) return;
    this.#warned.add(kind);
    this.#guard.warn(
      `A request to ${host} (${provider}) went past tidegate: it was neither paced nor retried nor counted. ` +
        (via === 'sdk' ? SDK : PLAIN) +
        ' The guard option `unguardedNotice: false` turns this notice off.',
    );
  };
}

const SDK =
  "It is an SDK's own: one that is bundled into the application, a second copy, or a client that is not guarded. " +
  'Mark the SDK external in the bundler, so that tidegate/register finds it, ' +
  'or import the client from tidegate/openai, tidegate/anthropic or tidegate/groq, or guard it with wrap().';
const PLAIN =
  'It is not of one of the SDKs that tidegate guards. Send it with guardedFetch of tidegate/fetch, ' +
  'or use a client of tidegate/openai, tidegate/anthropic or tidegate/groq, or one guarded with wrap().';
