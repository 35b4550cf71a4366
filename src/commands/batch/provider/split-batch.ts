import type { BatchForm, BatchRefusal, RowRefusal } from './batch-api.ts';
import { BatchFile, customIdOf } from './batch-file.ts';
import type { BatchNotes } from './batch-notes.ts';
import type { ResultStore } from './result-store.ts';

/** Fewest bytes per token of any text. */
const BYTES_TO_TOKEN = 2.5;

interface Settings {
  readonly notes: BatchNotes;
  readonly results: ResultStore;
  /** Base path of files. */
  readonly base: string;
  readonly form: BatchForm;
}

/** Whether a file was refused because of other queued batches: alone it would pass. */
export function fitsAlone({ bytes }: BatchFile, refusal: BatchRefusal): boolean {
  return refusal.kind === 'queue' && bytes / BYTES_TO_TOKEN <= (refusal.limitTokens ?? 0);
}

/** The rows of a file in two of half the size. */
export async function halvesOf(file: BatchFile, settings: Settings): Promise<readonly BatchFile[]> {
  const halves = [newFile(file, settings), newFile(file, settings)] as const;
  await spread(file, settings, (index) => halves[index < file.rows / 2 ? 0 : 1]);
  return halves;
}

/** The file without the rows that the provider rejected, which end with its errors. */
export async function withoutBadRows(
  file: BatchFile,
  refusal: Extract<BatchRefusal, { kind: 'rows' }>,
  settings: Settings,
): Promise<readonly BatchFile[]> {
  const rest = newFile(file, settings);
  await spread(file, settings, async (index, customId) => {
    const bad = refusal.rows.get(index);
    if (bad) await settings.results.put(customId, { kind: 'failed', ...bad });
    return bad ? undefined : rest;
  });
  return rest.rows > 0 ? [rest] : [];
}

const newFile = ({ group }: BatchFile, { base, form }: Settings): BatchFile => new BatchFile(base, group, form);

async function spread(
  file: BatchFile,
  { notes }: Settings,
  place: (index: number, customId: string) => BatchFile | undefined | Promise<BatchFile | undefined>,
): Promise<void> {
  const into = new Set<BatchFile>();
  let index = 0;
  try {
    for await (const row of file.lines()) {
      const customId = customIdOf(row);
      const next = await place(index++, customId);
      if (!next) continue;
      into.add(next);
      await notes.addRow(next.token, customId);
      await next.add(row);
    }
    for (const each of into) await each.end();
  } catch (error) {
    // The run has ended, or the disk is full: the new files are not needed.
    for (const each of into) await each.remove();
    throw error;
  }
}

/** Ends every row of a file with the provider's error for the whole. */
export async function refuseRows(file: BatchFile, { code, message }: RowRefusal, results: ResultStore): Promise<void> {
  for await (const row of file.lines()) await results.put(customIdOf(row), { kind: 'failed', code, message });
}
