import { createReadStream } from 'node:fs';
import { textLines } from '../core/byte-lines.ts';

export interface InputLine {
  /** From 1, as editors count. */
  readonly line: number;
  readonly text: string;
}

/** The lines of a file that hold something; one at a time, whatever the size of the file. */
export async function* readLines(path: string): AsyncGenerator<InputLine> {
  let line = 0;
  for await (const text of textLines(createReadStream(path))) {
    line++;
    // The mark that some editors put at the beginning of a file.
    const bare = line === 1 ? text.replace(/^\uFEFF/, '') : text;
    if (bare.trim() !== '') yield { line, text: bare };
  }
}
