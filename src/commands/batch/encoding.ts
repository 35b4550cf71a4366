import { isUtf8 } from 'node:buffer';
import { createReadStream } from 'node:fs';
import { byteLines } from '../../core/byte-lines.ts';

/** What a byte that is no UTF-8 becomes; a text may have it for itself, too. */
export const REPLACEMENT = '\uFFFD';

/** Numbers of the lines, from 1, that are not UTF-8. */
export async function* misencodedLines(path: string): AsyncGenerator<number> {
  let line = 0;
  for await (const bytes of byteLines(createReadStream(path))) {
    line++;
    if (!isUtf8(bytes)) yield line;
  }
}
