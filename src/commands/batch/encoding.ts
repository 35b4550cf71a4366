import { isUtf8 } from 'node:buffer';
import { createReadStream } from 'node:fs';

const NEWLINE = 0x0a;

/** What a byte that is no UTF-8 becomes; a text may have it for itself, too. */
export const REPLACEMENT = '\uFFFD';

/** Numbers of the lines, from 1, that are not UTF-8. */
export async function* misencodedLines(path: string): AsyncGenerator<number> {
  let line = 1;
  let parts: Buffer[] = [];
  for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) {
    let from = 0;
    for (let to = chunk.indexOf(NEWLINE); to !== -1; to = chunk.indexOf(NEWLINE, from)) {
      parts.push(chunk.subarray(from, to));
      if (!isUtf8(joined(parts))) yield line;
      parts = [];
      line++;
      from = to + 1;
    }
    parts.push(chunk.subarray(from));
  }
  if (!isUtf8(joined(parts))) yield line;
}

const joined = (parts: readonly Buffer[]): Buffer => (parts.length === 1 ? parts[0]! : Buffer.concat(parts));
