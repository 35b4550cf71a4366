import { createReadStream } from 'node:fs';
import { textLines } from '../core/byte-lines.ts';

export interface InputLine {
  /** From 1, as editors count. */
  readonly line: number;
  readonly text: string;
}

/** The non-empty lines of a file, one at a time, whatever its size. */
export async function* readLines(path: string): AsyncGenerator<InputLine> {
  let line = 0;
  for await (const text of textLines(createReadStream(path))) {
    line++;
    // The byte order mark that some editors write.
    const bare = line === 1 ? text.replace(/^\uFEFF/, '') : text;
    if (bare.trim() !== '') yield { line, text: bare };
  }
}
