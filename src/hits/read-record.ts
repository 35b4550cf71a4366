import { createReadStream } from 'node:fs';
import { textLines } from '../core/byte-lines.ts';
import type { RecordLine } from './hit-line.ts';

const KINDS: ReadonlySet<string> = new Set<RecordLine['kind']>(['hit', 'pause', 'call', 'limit']);

/** The lines of records, one at a time; undefined for an invalid one. Files of any size. */
export async function* readRecord(paths: readonly string[]): AsyncGenerator<RecordLine | undefined> {
  for (const path of paths) {
    for await (const text of textLines(createReadStream(path))) if (text.trim() !== '') yield parseRecordLine(text);
  }
}

/** One line of a record; undefined if it is invalid. */
export function parseRecordLine(text: string): RecordLine | undefined {
  try {
    const line = JSON.parse(text) as Readonly<Record<string, unknown>> | null;
    return line?.['v'] === 1 && isRecord(line) ? (line as unknown as RecordLine) : undefined;
  } catch {
    return undefined;
  }
}

const NUMBERS =
  'limit used requested waitMs durationMs waitedMs inputTokens cachedTokens outputTokens maxOutputTokens atOnce perMinute'.split(
    ' ',
  );

/** Checks every field that is read: a file may have been truncated, edited or mixed up. */
function isRecord(line: Readonly<Record<string, unknown>>): boolean {
  const { kind, pool, at, model, dimension } = line;
  if (!KINDS.has(String(kind))) return false;
  if (typeof pool !== 'string' || typeof at !== 'string' || Number.isNaN(Date.parse(at))) return false;
  if ((kind === 'hit' || kind === 'limit') && typeof dimension !== 'string') return false;
  if (kind === 'limit' && typeof line['limit'] !== 'number') return false;
  if (kind === 'call' && !(typeof line['durationMs'] === 'number' && typeof line['waitedMs'] === 'number'))
    return false;
  if (typeof (model ?? '') !== 'string') return false;
  return NUMBERS.every((name) => typeof (line[name] ?? 0) === 'number');
}
