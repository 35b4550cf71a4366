import { sleep } from '../../core/abort.ts';
import { systemClock } from '../../core/clock.ts';
import type { Guard } from '../../guard.ts';

/** @returns Whether the call was answered. */
type Call = (index: number) => Promise<boolean>;

const SUBJECTS = [
  'Your invoice',
  'You have won',
  'Lunch on Friday',
  'Cheap watches',
  'Minutes of the meeting',
  'Re: holidays',
];

const TRIES = 3;
/** The SDKs follow hints up to this length; beyond it they use their own backoff. */
const LONGEST_HINT_MS = 60_000;
const FIRST_BACKOFF_MS = 500;
const LONGEST_BACKOFF_MS = 8_000;

function request(index: number, signal: AbortSignal): RequestInit {
  const content = `Spam or ham? One word. Subject: ${SUBJECTS[index % SUBJECTS.length]}, ${index}`;
  return {
    method: 'POST',
    headers: { authorization: 'Bearer demo', 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'gpt-4o-mini', max_tokens: 4, messages: [{ role: 'user', content }] }),
    signal,
  };
}

/** As the SDKs do: three attempts, with the server's wait if it names one, else doubling with jitter. */
export function bareCall(url: string, signal: AbortSignal): Call {
  return async (index) => {
    for (let tried = 1; ; tried++) {
      try {
        const response = await fetch(`${url}/chat/completions`, request(index, signal));
        await response.text();
        if (response.ok) return true;
        if (tried === TRIES || (response.status !== 429 && response.status < 500)) return false;
        await sleep(systemClock, waitOf(response.headers, tried), signal);
      } catch {
        if (tried === TRIES || signal.aborted) return false;
      }
    }
  };
}

function waitOf(headers: Headers, tried: number): number {
  const ms = Number(headers.get('retry-after-ms') ?? Number.NaN);
  const hint = Number.isFinite(ms) ? ms : Number(headers.get('retry-after') ?? Number.NaN) * 1000;
  if (hint >= 0 && hint <= LONGEST_HINT_MS) return hint;
  const backoff = Math.min(FIRST_BACKOFF_MS * 2 ** (tried - 1), LONGEST_BACKOFF_MS);
  return backoff * (1 - Math.random() * 0.25);
}

export function guardedCall(guard: Guard, url: string, signal: AbortSignal): Call {
  return async (index) => {
    try {
      const response = await guard.fetch(`${url}/chat/completions`, request(index, signal));
      await response.text();
      return response.ok;
    } catch {
      return false;
    }
  };
}
