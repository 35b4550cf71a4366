import type { FileHandle } from 'node:fs/promises';

export interface JournalLine {
  readonly text: string;
  readonly offset: number;
  /** Without the line break. */
  readonly length: number;
  /** False for a last line without a line break: it was being written when the process died. */
  readonly whole: boolean;
}

const CHUNK = 1 << 18;
const BREAK = 10;

/** The lines of a file with their offsets. Holds one line and one chunk at a time. */
export async function* journalLines(file: FileHandle): AsyncGenerator<JournalLine> {
  const chunk = Buffer.allocUnsafe(CHUNK);
  let rest: Buffer[] = [];
  let restLength = 0;
  let start = 0;
  for (let position = 0; ;) {
    const { bytesRead } = await file.read(chunk, 0, CHUNK, position);
    if (bytesRead === 0) break;
    position += bytesRead;
    let from = 0;
    for (let at = chunk.indexOf(BREAK); at !== -1 && at < bytesRead; at = chunk.indexOf(BREAK, from)) {
      const line = Buffer.concat([...rest, chunk.subarray(from, at)]);
      yield { text: line.toString('utf8'), offset: start, length: line.length, whole: true };
      rest = [];
      restLength = 0;
      start += line.length + 1;
      from = at + 1;
    }
    if (from < bytesRead) {
      rest.push(Buffer.from(chunk.subarray(from, bytesRead)));
      restLength += bytesRead - from;
    }
  }
  if (restLength > 0) {
    yield { text: Buffer.concat(rest).toString('utf8'), offset: start, length: restLength, whole: false };
  }
}
