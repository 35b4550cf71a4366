import { engine } from '../engine.ts';
import { TidegateOptionError } from '../errors.ts';
import type { Guard, GuardCore } from '../guard.ts';
import { section, withMethods, type Keys } from '../options/checks.ts';
import { hitEvents } from './hit-events.ts';
import { RotatingLines } from './rotating-lines.ts';

export interface RecordHitsOptions {
  /** The file, one per process: `%p` is replaced by the process id. Its folder is created. */
  readonly path: string;
  /** Size at which a new file is started; the old one becomes `<path>.1`. 1 000 … 2^40, default 10 000 000. */
  readonly rotateBytes?: number;
  /** Old files that are kept. 1 … 1 000, default 5. */
  readonly keep?: number;
  /** `hits`: refusals and pauses; `all`: a line for every call as well. Default 'hits'. */
  readonly record?: 'hits' | 'all';
  /** Default: the default guard. */
  readonly guard?: Guard;
}

export interface HitRecorder {
  /** Lines that could not be written: the disk is full, read-only or too slow. */
  readonly lost: number;
  /** Stops recording; resolves once all lines are in the file. */
  close(): Promise<void>;
}

const KEYS: Keys<RecordHitsOptions> = { path: true, rotateBytes: true, keep: true, record: true, guard: true };

/**
 * Writes a JSON line for every refusal by a limit, a quota or an overloaded provider, and for every pause of a lane: when,
 * which limit, how much of it was used, how long the wait. No content and no key. Recording never fails a call.
 *
 * @throws TidegateOptionError for a bad option.
 * @example
 * import { recordHits } from 'tidegate';
 * const hits = recordHits({ path: 'hits.jsonl' });
 */
export function recordHits(options: RecordHitsOptions): HitRecorder {
  const { path, rotateBytes = 10_000_000, keep = 5, record = 'hits', guard } = check(options);
  const recorded = guard ?? engine().defaultGuard();
  // An internal member of every guard, not for applications.
  const { emit } = recorded as Partial<Pick<GuardCore, 'emit'>>;
  const tell = (lines: number): void => emit?.({ type: 'hits.lost', lines });
  const lines = new RotatingLines({
    path: path.replaceAll('%p', String(process.pid)),
    rotateBytes,
    keep,
    onLost: () => tell(1),
  });
  const stop = hitEvents(recorded, record === 'all', (line) => lines.write(line));
  // Creates the series before the first loss.
  tell(0);
  return {
    get lost() {
      return lines.lost;
    },
    close() {
      stop();
      return lines.close();
    },
  };
}

function check(given: RecordHitsOptions): RecordHitsOptions {
  const options = section(given, 'options', KEYS, 'options of recordHits()');
  const { path, rotateBytes, keep, record, guard } = options;
  if (typeof path !== 'string' || path === '' || path.includes('\0'))
    throw new TidegateOptionError('path', 'the path of a file', path);
  integer(rotateBytes, 'rotateBytes', 1_000, 2 ** 40);
  integer(keep, 'keep', 1, 1_000);
  if (record !== undefined && record !== 'hits' && record !== 'all') {
    throw new TidegateOptionError('record', "one of 'hits', 'all'", record);
  }
  withMethods(guard, 'guard', 'a guard', ['on', 'snapshot']);
  return options;
}

function integer(value: unknown, path: string, min: number, max: number): void {
  if (value === undefined) return;
  if (Number.isInteger(value) && (value as number) >= min && (value as number) <= max) return;
  throw new TidegateOptionError(path, `an integer from ${min} to ${max}`, value);
}
