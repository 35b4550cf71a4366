import type { Slot } from './item-slot.ts';
import type { Journal, JournalEntry } from './journal.ts';
import type { BatchResult } from './result.ts';
import { restoreError, saveError } from './saved-error.ts';

/** Resolves when the result would survive a power cut. */
export function saveResult<O>(
  journal: Journal,
  key: string,
  result: BatchResult<O>,
  chargedUsd: number | undefined,
): Promise<JournalEntry> {
  const { index, id, attempts, usage, costUsd } = result;
  const content =
    result.status === 'ok'
      ? { status: result.status, value: result.value }
      : { status: result.status, error: saveError(result.error) };
  return journal.append({ key, index, id, ...content, attempts, usage, costUsd, chargedUsd });
}

/** Reads the result of a slot that only the journal has. */
export async function restoreResult<O>(
  journal: Journal,
  { index, id, entry, source }: Slot<O>,
): Promise<BatchResult<O>> {
  const row = await journal.read(entry!);
  const of = { index, id, source, attempts: row.attempts, usage: row.usage, costUsd: row.costUsd };
  return row.status === 'ok'
    ? { ...of, status: 'ok', value: row.value as O }
    : { ...of, status: 'error', error: restoreError(row.error!) };
}
