import { isOneOf } from './contract/closed-set.ts';
import { type Tier, TIERS } from './contract/closed-sets.ts';

/** Words for the default tier. */
const STANDARD: ReadonlySet<string> = new Set(['default', 'standard', 'standard_only', 'on_demand']);

/** A provider's word for a tier as a label; undefined if it leaves the choice to the provider, or there is none. */
export function tierLabel(word: string | undefined): Tier | undefined {
  if (word === undefined || word === '' || word === 'auto') return undefined;
  if (STANDARD.has(word)) return 'standard';
  return isOneOf(TIERS, word) ? word : 'other';
}
