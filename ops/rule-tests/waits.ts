import { input, type InputSeries, MODEL } from './rule-test.ts';

/** Waits of a stage: `count` calls a step, all in the bucket up to `bound`. */
export function waits(
  stage: string,
  dimension: string | undefined,
  bound: number,
  counts: string,
  sum: string,
  priority = 'normal',
): InputSeries[] {
  const labels = {
    ...MODEL,
    tidegate_wait_stage: stage,
    tidegate_priority: priority,
    ...(dimension && { tidegate_limit_dimension: dimension }),
  };
  const buckets = ['5', '10', '30', '60', '+Inf'].map((le) => {
    const inside = le === '+Inf' || Number(le) >= bound;
    return input('tidegate.wait.duration', { ...labels, le }, inside ? counts : '0x120', 'bucket');
  });
  return [
    ...buckets,
    input('tidegate.wait.duration', labels, sum, 'sum'),
    input('tidegate.wait.duration', labels, counts, 'count'),
  ];
}
