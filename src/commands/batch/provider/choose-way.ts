import { duration } from '../../amounts.ts';

export const VIAS = ['sync', 'provider-batch', 'auto'] as const;
export type Via = (typeof VIAS)[number];

interface Question {
  readonly via: Via;
  readonly deadlineMs: number | undefined;
  /** Time since the run was started, by this process or an earlier one. */
  readonly elapsedMs: number;
  /** Whether batches of an earlier process may be at the provider, whose finished rows are paid for. */
  readonly hasBatches: boolean;
  readonly rows: number;
  /** Maximum time of sending row by row under the given limits. */
  readonly seconds: number | undefined;
}

export interface Way {
  readonly via: 'sync' | 'provider-batch';
  /** When unfinished rows must go row by row; undefined without a deadline. */
  readonly leaveAfterMs: number | undefined;
  /** Notes for the user. */
  readonly note: string | undefined;
}

/** Default requests per minute; most accounts have a higher limit. */
const ROWS_A_MINUTE = 100;
/** Reserve for inexact estimates and the last answers, and since OpenAI takes up to ten minutes to cancel a batch. */
const MARGIN = 1.2;
const MARGIN_MS = 660_000;
/** A batch that would be cancelled this soon is not worth starting. */
const MIN_MS = 600_000;

/** The cheapest way that meets the deadline: the provider's batch, if unfinished rows can still go row by row. */
export function chooseWay({ via, deadlineMs, elapsedMs, hasBatches, rows, seconds }: Question): Way {
  if (via === 'sync') return { via, leaveAfterMs: undefined, note: undefined };
  if (deadlineMs === undefined) return { via: 'provider-batch', leaveAfterMs: undefined, note: undefined };
  const rest = (seconds ?? (rows / ROWS_A_MINUTE) * 60 * MARGIN) * 1000 + MARGIN_MS;
  const leaveAfterMs = deadlineMs - elapsedMs - rest;
  if (leaveAfterMs >= MIN_MS || (hasBatches && leaveAfterMs > 0)) {
    const note = `Rows that the provider has not finished in ${duration(leaveAfterMs / 1000)} are sent row by row.`;
    return { via: 'provider-batch', leaveAfterMs, note };
  }
  const left = deadlineMs - elapsedMs;
  const why =
    left > 0
      ? `Sending row by row may take ${duration(rest / 1000)} of the remaining ${duration(left / 1000)}`
      : `The deadline was ${duration(-left / 1000)} ago`;
  if (hasBatches) {
    return {
      via: 'provider-batch',
      leaveAfterMs: 0,
      note: `${why}: rows that the provider has not finished are sent row by row now.`,
    };
  }
  return { via: 'sync', leaveAfterMs: undefined, note: `${why}: there is no time for a batch.` };
}

const UNITS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** `90m`, `6h`, `2d` in milliseconds. @throws Error for anything else. */
export function parseDeadline(text: string): number {
  const [, amount, unit] = /^(\d+(?:\.\d+)?)([smhd])$/.exec(text) ?? [];
  const ms = Number(amount) * (UNITS[unit ?? ''] ?? Number.NaN);
  if (ms > 0) return ms;
  throw new Error(`Expected --deadline to be a duration such as 90m, 6h or 2d, got ${JSON.stringify(text)}.`);
}
