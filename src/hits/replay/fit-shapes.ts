import type { CallLine } from '../hit-line.ts';
import { type LimitShapes, WHOLE_MINUTES } from './limit-shapes.ts';
import type { ReplayResult } from './replay.ts';

/** What the calls of a record took. Times in milliseconds. */
export interface Recorded {
  readonly tookMs: number;
  readonly meanWaitMs: number;
  readonly refusals: number;
}

/** Calls that wait less than this reveal nothing about a limit. */
const LEAST_WAIT_MS = 100;
/** A replay this close to its record is accepted without trying others. */
const NEAR = 0.1;
/**
 * Candidates for the seconds of a limit that may be spent at once, when what was learned does not explain the record.
 */
const SECONDS = [1, 5, 15, 60];
const RATE_TRIES = 3;
/** Differences below these are noise. */
const NOISE_MS = 100;
const NOISE_REFUSALS = 5;

export function recordedOf(calls: readonly CallLine[], refusals: number): Recorded {
  let [from, until, waitedMs] = [Infinity, 0, 0];
  for (const call of calls) {
    from = Math.min(from, Date.parse(call.at));
    until = Math.max(until, Date.parse(call.at) + call.durationMs);
    waitedMs += call.waitedMs;
  }
  return { tookMs: until - from, meanWaitMs: waitedMs / calls.length, refusals };
}

/** How far a replay is from its record: 0.1 is about a tenth of the time. */
function distance(replayed: ReplayResult, recorded: Recorded): number {
  const ratio = (a: number, b: number, noise: number): number => Math.abs(Math.log((a + noise) / (b + noise)));
  return (
    ratio(replayed.tookMs, recorded.tookMs, NOISE_MS) +
    ratio(replayed.meanWaitMs, recorded.meanWaitMs, NOISE_MS) / 2 +
    ratio(replayed.refusals, recorded.refusals, NOISE_REFUSALS) / 10
  );
}

/**
 * How limits are counted, chosen so that a replay takes what its record took: as learned if that explains it, else the
 * usual way that comes closest, at a rate that matches.
 */
export async function fitShapes(
  learned: LimitShapes,
  recorded: Recorded,
  run: (shapes: LimitShapes) => Promise<ReplayResult>,
): Promise<LimitShapes> {
  if (recorded.meanWaitMs < LEAST_WAIT_MS) return learned;
  let best = { shapes: learned, off: Infinity, tookMs: 0 };
  const attempt = async (shapes: LimitShapes): Promise<boolean> => {
    const replayed = await run(shapes);
    const off = distance(replayed, recorded);
    const isBetter = off < best.off;
    if (isBetter) best = { shapes, off, tookMs: replayed.tookMs };
    return isBetter;
  };
  for (const shapes of [learned, { ...learned, factors: {} }, ...usual()]) {
    await attempt(shapes);
    if (best.off < NEAR) return best.shapes;
  }
  for (let tries = 0; tries < RATE_TRIES && best.off >= NEAR; tries++) {
    const faster = best.tookMs / recorded.tookMs;
    const { rate = 1 } = best.shapes;
    if (!(await attempt({ ...best.shapes, rate: rate * faster }))) break;
  }
  return best.shapes;
}

function* usual(): Generator<LimitShapes> {
  for (const fixedWindow of [false, true]) {
    for (const seconds of SECONDS) {
      yield { ...WHOLE_MINUTES, requestSeconds: seconds, tokenSeconds: seconds, fixedWindow };
    }
  }
}
