import type { CaseJob } from './case.ts';
import type { Draw } from './dice.ts';

export type SizeShape = 'constant' | 'mixed' | 'heavy';

export interface LoadSpec {
  readonly calls: number;
  readonly latencyMs: number;
  readonly shape: SizeShape;
  readonly stream: boolean;
}

const BYTES_PER_TOKEN = 4.2;
/** As a multiple of the mean: longer answers are rare even with a large spread. */
const LONGEST = 5;

/** Calls that are all present at the start. */
export function drawJobs(draw: Draw, { calls, latencyMs, shape, stream }: LoadSpec): CaseJob[] {
  const inputMean = draw.logarithmic(100, 4_000);
  const maxOutputMean = draw.logarithmic(50, 2_000);
  const latencyShape = draw.among<SizeShape>({ constant: 3, mixed: 5, heavy: 2 });
  const spread = (of: SizeShape): number =>
    of === 'constant' ? 1 : of === 'mixed' ? draw.between(0.4, 1.6) : Math.min(30, draw.heavyTailed(1));
  return Array.from({ length: calls }, () => {
    const maxOutputTokens = Math.max(1, Math.round(maxOutputMean * (shape === 'constant' ? 1 : draw.between(0.5, 2))));
    const inputTokens = Math.max(1, Math.round(inputMean * spread(shape)));
    return caseJob({
      inputTokens,
      maxOutputTokens,
      outputTokens: Math.max(1, Math.round(maxOutputTokens * draw.between(0.1, 0.7))),
      latencyMs: latencyMs * Math.min(LONGEST, spread(latencyShape)),
      stream,
      faultSeed: Math.floor(draw.random() * 2 ** 32),
    });
  });
}

/** A call that is present at the start unless it says otherwise. */
export function caseJob(
  job: Pick<CaseJob, 'inputTokens' | 'maxOutputTokens' | 'outputTokens' | 'latencyMs' | 'faultSeed'> & Partial<CaseJob>,
): CaseJob {
  const { inputTokens } = job;
  const inputBytes = Math.max(1, Math.round(inputTokens * BYTES_PER_TOKEN));
  return { arriveMs: 0, priority: 'normal', arrivalTokens: inputTokens, inputBytes, stream: false, ...job };
}
