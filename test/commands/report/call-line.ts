import type { CallLine } from '../../../src/hits/hit-line.ts';

const START = Date.UTC(2026, 0, 15, 9, 30);

/** Time of an event of a record, in milliseconds after its beginning. */
export const at = (ms: number): string => new Date(START + ms).toISOString();

/** A call of a record. */
export const callLine = (ms: number, more: Partial<CallLine> = {}): CallLine => ({
  v: 1,
  kind: 'call',
  at: at(ms),
  provider: 'openai',
  model: 'gpt-4o-mini',
  pool: 'openai/gpt-4o-mini',
  operation: 'chat',
  stream: false,
  priority: 'normal',
  outcome: 'success',
  attempts: 1,
  durationMs: 3_000,
  waitedMs: 1_000,
  inputTokens: 500,
  cachedTokens: 0,
  outputTokens: 500,
  maxOutputTokens: 1_000,
  ...more,
});
