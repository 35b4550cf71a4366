import type { KeptLane } from '../core/kept-lane.ts';
import type { ItemUsage } from './result.ts';
import type { SavedError } from './saved-error.ts';

/** One finished item. */
export interface JournalRow {
  readonly key: string;
  readonly index: number;
  readonly id: string;
  readonly status: 'ok' | 'error';
  readonly value?: unknown;
  readonly error?: SavedError;
  readonly attempts: number;
  readonly usage?: ItemUsage | undefined;
  /** USD; null if unknown, absent if the guard has no prices. */
  readonly costUsd?: number | null | undefined;
  /** USD charged to the budget. */
  readonly chargedUsd?: number | undefined;
}

/** The first line, and one for each change of the parameters. */
export interface JournalHeader {
  readonly tidegate: 'journal';
  readonly version: number;
  readonly parameters: string;
}

/** Data of the journal's user for later runs, stored next to the rows. */
export interface JournalNote {
  readonly note: unknown;
}

/** Limits known to the run's lanes, saved so that the next run need not relearn them from refusals. */
export interface LimitsRow {
  readonly limits: {
    /** Wall-clock time, in milliseconds since 1970. */
    readonly at: number;
    readonly lanes: readonly KeptLane[];
  };
}

/** Returns undefined for a corrupt line; its row is then processed again. */
export function parseLine(text: string): JournalHeader | JournalRow | JournalNote | LimitsRow | undefined {
  try {
    const line = JSON.parse(text) as Partial<JournalHeader & JournalRow & JournalNote & LimitsRow> | null;
    if (typeof line !== 'object' || line === null) return undefined;
    const isKnown = 'tidegate' in line || 'note' in line || isObject(line.limits) || typeof line.key === 'string';
    return isKnown ? (line as JournalHeader | JournalRow | JournalNote | LimitsRow) : undefined;
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null;
}
