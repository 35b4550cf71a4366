import { MAX_MS, integer, oneOf, orEmpty, section, type Keys } from './checks.ts';

export interface BodyOptions {
  /** Milliseconds without a read after which an unfinished body counts as abandoned. 1 … 2^31-1, default 600 000. */
  readonly idleTimeoutMs?: number;
  /**
   * Whether a stream without its final event (`message_stop`, `response.completed`, a finish reason or `[DONE]`) is
   * unfinished. 'learn' assumes so until a server other than the providers' own turns out to send none. Default 'learn'.
   */
  readonly finalEvent?: 'learn' | 'required' | 'optional';
}

export interface ResolvedBody {
  readonly bodyIdleTimeoutMs: number;
  readonly finalEvent: 'learn' | 'required' | 'optional';
}

const BODY_KEYS: Keys<BodyOptions> = { idleTimeoutMs: true, finalEvent: true };

export function resolveBody(given: BodyOptions | undefined): ResolvedBody {
  const { idleTimeoutMs, finalEvent } = section(orEmpty(given), 'body', BODY_KEYS);
  return {
    bodyIdleTimeoutMs: integer(idleTimeoutMs, 'body.idleTimeoutMs', 1, MAX_MS, 600_000),
    finalEvent:
      finalEvent === undefined ? 'learn' : oneOf(finalEvent, 'body.finalEvent', ['learn', 'required', 'optional']),
  };
}
