import { readLines } from '../read-lines.ts';
import { BadRow, detectFormat, parseRow, type PromptSettings, type RowFormat } from './row-format.ts';

export interface InputCheck {
  readonly format: RowFormat;
  readonly rows: number;
  /** Bytes of all bodies as JSON, and of the longest. */
  readonly bodyBytes: number;
  /** Sum of the output that rows allow; undefined where one sets no bound. */
  readonly outputTokens: number | undefined;
  readonly models: ReadonlySet<string>;
  /** What is wrong, with the numbers of lines; the first of them. */
  readonly problems: readonly string[];
  readonly problemCount: number;
}

const MOST_SHOWN = 20;

/** Reads the whole input once before anything is sent: a bad row shows in the first second, not in the third hour. */
export async function checkInput(
  path: string,
  wanted: RowFormat | undefined,
  settings: PromptSettings,
): Promise<InputCheck> {
  let format = wanted;
  let rows = 0;
  let bodyBytes = 0;
  let outputTokens: number | undefined = 0;
  const models = new Set<string>();
  const lineOf = new Map<string, number>();
  const problems: string[] = [];
  let problemCount = 0;
  const problem = (text: string): void => {
    if (problemCount++ < MOST_SHOWN) problems.push(text);
  };
  for await (const each of readLines(path)) {
    format ??= detectFormat(each.text);
    try {
      const { id, line, body } = parseRow(each, format, settings);
      rows++;
      const first = lineOf.get(id);
      if (first === undefined) lineOf.set(id, line);
      else problem(`line ${line}: custom_id ${JSON.stringify(id)} is that of line ${first} too`);
      bodyBytes += Buffer.byteLength(JSON.stringify(body));
      const most = [body['max_completion_tokens'], body['max_output_tokens'], body['max_tokens']].find(
        Number.isInteger,
      );
      outputTokens = most === undefined || outputTokens === undefined ? undefined : outputTokens + (most as number);
      if (typeof body['model'] === 'string') models.add(body['model']);
    } catch (error) {
      if (!(error instanceof BadRow)) throw error;
      problem(`line ${each.line}: ${error.message}`);
    }
  }
  return { format: format ?? 'prompts', rows, bodyBytes, outputTokens, models, problems, problemCount };
}
