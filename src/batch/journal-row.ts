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
  /** USD; null where it is not known, none without prices. */
  readonly costUsd?: number | null | undefined;
  /** USD that a budget was charged. */
  readonly chargedUsd?: number | undefined;
}

/** The first line, and one for each change of the parameters. */
export interface JournalHeader {
  readonly tidegate: 'journal';
  readonly version: number;
  readonly parameters: string;
}

/** What a user of the journal keeps for its later runs, beside the rows. */
export interface JournalNote {
  readonly note: unknown;
}

/** A line that a disk has spoiled is a row that is done again. */
export function parseLine(text: string): JournalHeader | JournalRow | JournalNote | undefined {
  try {
    const line = JSON.parse(text) as Partial<JournalHeader & JournalRow & JournalNote> | null;
    if (typeof line !== 'object' || line === null) return undefined;
    return 'tidegate' in line || 'note' in line || typeof line.key === 'string'
      ? (line as JournalHeader | JournalRow | JournalNote)
      : undefined;
  } catch {
    return undefined;
  }
}
