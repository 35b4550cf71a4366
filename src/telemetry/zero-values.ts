import type { CallOutcome, CircuitState, RefusedBy, RetryReason, StreamOutcome } from '../core/events.ts';
import { CLAUDE_ONLY } from '../core/provider.ts';

/**
 * Values of the label sets whose series exist, at zero, before anything is counted: `increase` and `rate` miss what a new
 * series begins with. Those are here for which an alert fires at the first event or after a few; others appear once they
 * count, since zeros of all that there is would take an application with 20 models past 5,000 series, most of them for
 * answers that it never gets.
 */

/** A key is refused once and not asked with again. */
export const ZERO_STATUSES: readonly string[] = ['200', '401', '403'];

export const ZERO_OUTCOMES: readonly CallOutcome[] = ['success', 'retries_exhausted', 'bad_request'];

/** Retries per call are 0, not unknown, before there is one. */
export const ZERO_RETRIES: readonly RetryReason[] = ['rate_limit'];

/** Of what streams. */
export const ZERO_STREAMS: readonly StreamOutcome[] = ['completed', 'interrupted'];

/** What the alert on flapping counts. */
export const ZERO_STATES: readonly CircuitState[] = ['closed'];

/** An empty account is told at the first refusal. */
export const ZERO_DIMENSIONS: readonly RefusedBy[] = ['quota'];

/** Whether a provider serves Anthropic's models, and has their limits. */
export function servesClaudeOnly(provider: string): boolean {
  return (CLAUDE_ONLY as ReadonlySet<string>).has(provider);
}
