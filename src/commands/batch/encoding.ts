import { isUtf8 } from 'node:buffer';
import { createReadStream } from 'node:fs';
import { byteLines } from '../../core/byte-lines.ts';

/** The replacement of an invalid byte; a valid text may contain it too. */
export const REPLACEMENT = '\uFFFD';

/** Numbers of the lines, from 1, that are not UTF-8. */
export async function* misencodedLines(path: string): AsyncGenerator<number> {
  let line = 0;
  for await (const bytes of byteLines(createReadStream(path))) {
    line++;
    if (!isUtf8(bytes)) yield line;
  }
}
