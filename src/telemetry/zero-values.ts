import type { CallOutcome, CircuitState, RefusedBy, RetryReason, StreamOutcome } from '../core/event-values.ts';
import { CLAUDE_ONLY } from '../core/provider.ts';

/**
 * Label values whose series start at zero: `increase` and `rate` miss the first value of a new
 * series. Listed are those for which an alert fires at the first event or after a few; others appear once they
 * count, since zeros for everything would take an application with 20 models past 5,000 series, most of them for
 * answers that it never gets.
 */

/** A rejected key is not used again. */
export const ZERO_STATUSES: readonly string[] = ['200', '401', '403'];

export const ZERO_OUTCOMES: readonly CallOutcome[] = ['success', 'retries_exhausted', 'bad_request'];

/** Makes retries per call 0, not unknown, before the first retry. */
export const ZERO_RETRIES: readonly RetryReason[] = ['rate_limit'];

/** Of operations that stream. */
export const ZERO_STREAMS: readonly StreamOutcome[] = ['completed', 'interrupted'];

/** What the alert on flapping counts. */
export const ZERO_STATES: readonly CircuitState[] = ['closed'];

/** An exhausted account alerts at the first refusal. */
export const ZERO_DIMENSIONS: readonly RefusedBy[] = ['quota'];

/** Whether a provider serves Anthropic's models, and has their limits. */
export function servesClaudeOnly(provider: string): boolean {
  return (CLAUDE_ONLY as ReadonlySet<string>).has(provider);
}
