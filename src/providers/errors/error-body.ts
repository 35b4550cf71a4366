import type { Clock } from '../../core/clock.ts';

const READ_LIMIT_MS = 2_000;
const READ_LIMIT_BYTES = 65_536;

/**
 * The body of an error response, parsed where it is JSON, without consuming it for the SDK.
 * A body that does not arrive in time, or is no text, is undefined: status and headers then decide.
 */
export async function readErrorBody(response: Response, clock: Clock): Promise<unknown> {
  if (response.bodyUsed || response.body === null || typeof response.clone !== 'function') return undefined;
  const reader = response.clone().body?.getReader();
  if (!reader) return undefined;
  const decoder = new TextDecoder();
  let text = '';
  let late = false;
  const cancelTimer = clock.after(READ_LIMIT_MS, () => {
    late = true;
    // The SDK waits for both branches of the clone when it throws the response away.
    void reader.cancel().catch(() => undefined);
  });
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      text += decoder.decode(value, { stream: true });
      if (text.length > READ_LIMIT_BYTES) {
        void reader.cancel().catch(() => undefined);
        break;
      }
    }
  } catch {
    // The connection broke while the error was read; the SDK meets the same and reports it.
    return undefined;
  } finally {
    cancelTimer();
  }
  return late ? undefined : parseBody(text);
}

/** JSON where it is JSON, else the text itself. */
export function parseBody(text: string): unknown {
  if (text === '') return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}
