import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KeyTable } from '../../batch/key-table.ts';
import { misencodedLines, REPLACEMENT } from './encoding.ts';
import { type InputRow, inputRows, type RowFormat } from './input-rows.ts';
import { BadRow, parseRow, type PromptSettings, type Row } from './row-format.ts';

export interface InputCheck {
  readonly format: RowFormat;
  readonly firstLine: string;
  readonly rows: number;
  /** The first problems, with line numbers. */
  readonly problems: readonly string[];
  readonly problemCount: number;
}

const MAX_SHOWN = 20;

/**
 * Reads the whole input once before anything is sent: a bad row shows in the first second, not in the third hour.
 * @param onRow is given each good row; throws BadRow for further problems
 */
export async function checkInput(
  path: string,
  { format, firstLine }: Pick<InputCheck, 'format' | 'firstLine'>,
  settings: PromptSettings,
  onRow?: (row: Row) => void,
): Promise<InputCheck> {
  let rows = 0;
  const lineOf = new KeyTable(() => join(tmpdir(), `tidegate-ids-${crypto.randomUUID()}`));
  const problems: string[] = [];
  let problemCount = 0;
  let mayBeMisencoded = firstLine.includes(REPLACEMENT);
  const problem = (text: string): void => {
    if (problemCount++ < MAX_SHOWN) problems.push(text);
  };
  try {
    for await (const each of inputRows(path, format, firstLine)) {
      mayBeMisencoded ||= mayHoldReplacement(each);
      try {
        const row = parseRow(each, format, settings);
        const { id, line } = row;
        rows++;
        const first = lineOf.get(id);
        if (first === undefined) lineOf.set(id, line);
        else problem(`line ${line}: custom_id ${JSON.stringify(id)} was already used on line ${first}`);
        onRow?.(row);
      } catch (error) {
        if (!(error instanceof BadRow)) throw error;
        problem(`line ${each.line}: ${error.message}`);
      }
    }
  } finally {
    lineOf.close();
  }
  // The text was not decoded correctly, and an answer to it would be wasted money.
  if (mayBeMisencoded) for await (const line of misencodedLines(path)) problem(`line ${line}: ${MISENCODED}`);
  return { format, firstLine, rows, problems, problemCount };
}

/** For CSV, also the header, which is the first line. */
function mayHoldReplacement(row: InputRow): boolean {
  if ('text' in row) return row.text.includes(REPLACEMENT);
  return 'record' in row && Object.values(row.record).some((value) => String(value).includes(REPLACEMENT));
}

const MISENCODED = 'not UTF-8; save the file in that encoding';
