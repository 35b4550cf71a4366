import type { Clock } from '../core/clock.ts';
import { readPage } from '../commands/read-page.ts';

const LONGEST_ANSWER_MS = 5_000;

/** The text at a URL. @throws Error with a short reason that does not contain the URL */
export async function fetchText(url: string, clock: Clock): Promise<string> {
  const late = new AbortController();
  const cancel = clock.after(LONGEST_ANSWER_MS, () => late.abort(new Error('it does not answer')), { unref: true });
  try {
    const response = await fetch(url, { signal: late.signal, redirect: 'error' });
    const text = await readPage(response);
    if (!response.ok) throw new Error(`status ${response.status}`);
    return text;
  } catch (error) {
    const { message, cause } = error as Error;
    const { code, message: because } = (cause ?? {}) as Partial<NodeJS.ErrnoException>;
    throw new Error(code ?? (because ?? message).replaceAll(url, 'it'), { cause: error });
  } finally {
    cancel();
  }
}
