import type { LaneState, ProcessState } from './lane-state.ts';

/** Moves a process from the classes it was counted in to those whose calls wait in it now. */
export function countClasses(lane: LaneState, process: ProcessState, classes: ProcessState['classes']): void {
  for (const [name, weight] of Object.entries(process.classes)) add(lane, name, weight, -1);
  for (const [name, weight] of Object.entries(classes)) add(lane, name, weight, 1);
  process.classes = classes;
}

function add({ classes }: LaneState, name: string, weight: number, sign: 1 | -1): void {
  const { sum, squares } = classes.get(name) ?? { sum: 0, squares: 0 };
  if (sum + sign * weight > 0) classes.set(name, { sum: sum + sign * weight, squares: squares + sign * weight ** 2 });
  else classes.delete(name);
}

/**
 * A process's weight and the sum of all waiting weights. As within one process, a class keeps its part of the limits
 * whether its calls wait in one process or in a hundred. For a process without waiting calls the weight it reported is
 * used.
 */
export function weightsOf(lane: LaneState, process: ProcessState, told: number): { weight: number; all: number } {
  let own = 0;
  let all = 0;
  let once = 0;
  for (const [name, weight] of Object.entries(process.classes)) own += weight ** 2 / lane.classes.get(name)!.sum;
  for (const { sum, squares } of lane.classes.values()) {
    all += sum;
    once += squares / sum;
  }
  return { weight: own === 0 ? told : (own * all) / once, all };
}

/** The part of each class waiting in a process; undefined if it has one class, which then gets everything granted. */
export function partsOf(lane: LaneState, { classes }: ProcessState): Record<string, number> | undefined {
  const weights = Object.entries(classes);
  if (weights.length < 2) return undefined;
  return Object.fromEntries(weights.map(([name, weight]) => [name, weight / lane.classes.get(name)!.sum]));
}
