import { createReadStream } from 'node:fs';
import { CsvError, type Info, parse } from 'csv-parse';
import { parse as parseSync } from 'csv-parse/sync';
import { readLines } from '../read-lines.ts';

export const FORMATS = ['openai', 'anthropic', 'jsonl', 'csv', 'prompts'] as const;
export type RowFormat = (typeof FORMATS)[number];

/** A row with the number of its first line. */
export type InputRow = { readonly line: number } & (
  | { readonly text: string }
  | { readonly record: Readonly<Record<string, unknown>> }
  | { readonly problem: string }
);

const DELIMITERS = [',', ';', '\t'];

/** The rows of an input of any size, one at a time: lines, or CSV records, which may span several lines. */
export function inputRows(path: string, format: RowFormat, firstLine: string): AsyncIterable<InputRow> {
  return format === 'csv' ? csvRows(path, delimiterOf(firstLine)) : readLines(path);
}

/** The first non-empty line; undefined for an empty file. */
export async function firstLineOf(path: string): Promise<string | undefined> {
  for await (const { text } of readLines(path)) return text;
  return undefined;
}

/** Column names from a header; undefined if the line is not one. */
export function columnsOf(header: string): readonly string[] | undefined {
  try {
    const [names] = parseSync(header, { delimiter: delimiterOf(header), bom: true, trim: true });
    return names;
  } catch {
    return undefined;
  }
}

function delimiterOf(header: string): string {
  const count = (delimiter: string): number => header.split(delimiter).length;
  return DELIMITERS.toSorted((a, b) => count(b) - count(a))[0]!;
}

async function* csvRows(path: string, delimiter: string): AsyncGenerator<InputRow> {
  const file = createReadStream(path);
  let twice: string | undefined;
  let line = 2;
  const parser = parse({
    delimiter,
    bom: true,
    columns: (header: string[]) => {
      const names = header.map((name) => name.trim());
      line = parser.info.lines + 1;
      twice = names.find((name, index) => name !== '' && names.indexOf(name) < index);
      return names;
    },
    info: true,
    raw: true,
    relax_column_count: true,
    skip_empty_lines: true,
  });
  file.on('error', (error) => parser.destroy(error));
  file.pipe(parser);
  try {
    for await (const { record, info, raw } of parser as AsyncIterable<ParsedRecord>) {
      // A template could mean either of them.
      if (twice !== undefined) return yield { line: 1, problem: `two columns are named ${JSON.stringify(twice)}` };
      // A record of the wrong length is reported and skipped.
      const { error } = info as { error?: CsvError };
      const [empty] = EMPTY_LINES.exec(raw)!;
      line += breaksIn(empty, ANY_BREAK);
      yield error ? { line, problem: problemOf(error) } : { line, record };
      line += breaksIn(raw.slice(empty.length), BREAK);
    }
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    yield { line, problem: problemOf(error) };
  } finally {
    file.destroy();
    parser.destroy();
  }
}

interface ParsedRecord {
  readonly record: Record<string, string>;
  readonly info: Info;
  /** With the empty lines before it; CRLF at its end is CR alone. */
  readonly raw: string;
}

// The parser counts CRLF between quotes twice, and reports where a record ends, not where it starts.
const EMPTY_LINES = /^[\r\n]*/;
const ANY_BREAK = /\r\n|[\r\n]/g;
const BREAK = /\r?\n|\r$/g;

const breaksIn = (text: string, breaks: RegExp): number => text.match(breaks)?.length ?? 0;

/** The message without its line number, which is where the record ends. */
const problemOf = (error: CsvError): string => `not CSV: ${error.message.replace(/ (?:on|at) line \d+/, '')}`;
