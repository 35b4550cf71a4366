import type { CircuitState, RefusedBy } from '../core/events.ts';
import type { Dimension } from '../core/outcome.ts';
import { CLAUDE_ONLY } from '../core/provider.ts';

/**
 * Values of the larger label sets whose series exist, at zero, before anything is counted: `increase` and `rate` miss
 * what a new series begins with. Others appear once they count. Zeros of every status and limit that there is would
 * take an application with 20 models past 5,000 series, for answers that it never gets.
 */

/** Statuses that alerts name, and those that are common. */
export const ZERO_STATUSES: readonly string[] = ['200', '401', '403', '429', '500', '503', '529', 'none'];

/** What alerts and panels count: a circuit that opens, and one that has recovered. */
export const ZERO_STATES: readonly CircuitState[] = ['open', 'closed'];

const ANYWHERE: readonly Dimension[] = ['requests', 'tokens', 'quota', 'unknown'];
const OF_CLAUDE: readonly Dimension[] = [...ANYWHERE, 'input_tokens', 'output_tokens'];
const OF_OTHERS: readonly RefusedBy[] = [...ANYWHERE, 'requests_day', 'tokens_day', 'no_capacity'];

/** Whether a provider serves Anthropic's models, and has their limits. */
export function servesClaudeOnly(provider: string): boolean {
  return (CLAUDE_ONLY as ReadonlySet<string>).has(provider);
}

/** Limits that a provider of this name may refuse a call for. */
export function zeroDimensions(provider: string): readonly RefusedBy[] {
  return servesClaudeOnly(provider) ? OF_CLAUDE : OF_OTHERS;
}
