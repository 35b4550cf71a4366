import { open } from 'node:fs/promises';
import type { HitLine } from '../hits/hit-line.ts';
import { parseRecordLine } from '../hits/read-record.ts';
import { adviceOn } from './advice.ts';
import { MAX_HITS } from './reading.ts';
import type { HitState } from './state.ts';

/** Bytes read from the end of a record: more than the shown hits need. */
const TAIL_BYTES = 65_536;

/** The last hits of a record that another process writes. */
export class HitsFile {
  hits: readonly HitState[] = [];
  problem: string | undefined;
  readonly #path: string;
  #seen = '';

  constructor(path: string) {
    this.#path = path;
  }

  /** Reads the end of the file again if it has changed. */
  async refresh(): Promise<void> {
    try {
      const file = await open(this.#path, 'r');
      try {
        const { size, mtimeMs, ino } = await file.stat();
        const seen = [size, mtimeMs, ino].join(' ');
        if (seen !== this.#seen) {
          const length = Math.min(size, TAIL_BYTES);
          const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, size - length);
          this.hits = parse(buffer.toString('utf8', 0, bytesRead), size > length);
          this.#seen = seen;
        }
        this.problem = undefined;
      } finally {
        await file.close();
      }
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      // The file is created at the first hit.
      this.problem = code === 'ENOENT' ? undefined : (code ?? message);
      this.hits = [];
      this.#seen = '';
    }
  }
}

/** @param cut whether the first line may be incomplete */
function parse(text: string, cut: boolean): HitState[] {
  const lines = text.split('\n').slice(cut ? 1 : 0);
  const hits: HitState[] = [];
  for (const line of lines.reverse()) {
    const record = line.trim() === '' ? undefined : parseRecordLine(line);
    if (record?.kind === 'hit') hits.push(hitOf(record));
    if (hits.length === MAX_HITS) break;
  }
  return hits;
}

function hitOf({ at, pool, model, dimension, limit, used, requested, waitMs }: HitLine): HitState {
  return {
    at: Date.parse(at),
    lane: pool,
    model: model ?? '',
    dimension,
    limit: limit ?? undefined,
    used: used ?? undefined,
    requested: requested ?? undefined,
    waitMs: waitMs ?? undefined,
    advice: adviceOn(dimension) ?? '',
  };
}
