import { readKeptLanes } from '../core/kept-lane.ts';
import { LIMIT_KINDS } from '../core/dimensions.ts';
import type { JournalRow, LimitsRow } from './journal-row.ts';

/** The latest limits of a journal, less what was spent after they were written. */
export class FoundLimits {
  #latest: LimitsRow['limits'] | undefined;
  #requests = 0;
  #inputTokens = 0;
  #outputTokens = 0;

  hear({ limits }: LimitsRow): void {
    this.#latest = limits;
    this.#requests = this.#inputTokens = this.#outputTokens = 0;
  }

  /**
   * Counts a row that finished after the latest limits were saved. Some of these rows were in flight then, and so are
   * counted in the limits already; about as many were in flight when the run died, which nothing records.
   */
  spent({ attempts, usage }: Pick<JournalRow, 'attempts' | 'usage'>): void {
    this.#requests += attempts;
    this.#inputTokens += usage?.inputTokens ?? 0;
    this.#outputTokens += usage?.outputTokens ?? 0;
  }

  get limits(): LimitsRow['limits'] | undefined {
    const { at, lanes: found } = this.#latest ?? {};
    if (typeof at !== 'number' || !Number.isFinite(at)) return undefined;
    const lanes = readKeptLanes(found);
    const spent = {
      requests: this.#requests,
      tokens: this.#inputTokens + this.#outputTokens,
      inputTokens: this.#inputTokens,
      outputTokens: this.#outputTokens,
    };
    // Rows do not name their lane.
    const owes = (left: number, unit: keyof typeof spent): number =>
      Math.max(Math.min(0, left), left - spent[unit] / lanes.length);
    return {
      at,
      lanes: lanes.map((lane) => ({
        ...lane,
        limits: lane.limits.map((each) => ({ ...each, left: owes(each.left, LIMIT_KINDS[each.dimension].unit) })),
      })),
    };
  }
}
