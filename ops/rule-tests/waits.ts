import { input, type InputSeries, MODEL } from './rule-test.ts';

/** Waits of a stage: `count` calls a step, all in the bucket up to `bound`; `sum` seconds of them, for one cause. */
export function waits(
  stage: 'pacer' | 'bulkhead' | 'circuit',
  cause: string | undefined,
  bound: number,
  counts: string,
  sum: string,
  priority = 'normal',
): InputSeries[] {
  const labels = { ...MODEL, tidegate_wait_stage: stage, tidegate_priority: priority };
  const buckets = ['5', '10', '30', '60', '+Inf'].map((le) => {
    const inside = le === '+Inf' || Number(le) >= bound;
    return input('tidegate.wait.duration_seconds', { ...labels, le }, inside ? counts : '0x120', 'bucket');
  });
  return [
    ...buckets,
    input('tidegate.wait.duration_seconds', labels, sum, 'sum'),
    input('tidegate.wait.duration_seconds', labels, counts, 'count'),
    ...(cause === undefined ? [] : [spent(cause, sum, priority)]),
  ];
}

/** Seconds that calls spent waiting for a cause. */
export function spent(cause: string, sum: string, priority = 'normal'): InputSeries {
  const labels = { ...MODEL, tidegate_priority: priority, tidegate_limit_dimension: cause };
  return input('tidegate.wait.spent_seconds', labels, sum);
}
