/** Tasks to run before yielding to the event loop; each may end a call. */
const TASKS_A_TURN = 250;

// Bound at import: fake timers in an application's tests must not stop this, which does not wait for time.
const { setImmediate: immediate } = globalThis;

const tasks: (() => void)[] = [];
let done = 0;
let left = TASKS_A_TURN;
let scheduled = false;

/**
 * Runs a task at once, or, if many come together (one signal, one refusal or one `close()` may end ten thousand calls),
 * in one of the next turns of the event loop, in order.
 */
export function inTurns(task: () => void): void {
  if (left > 0 && tasks.length === done) {
    left--;
    task();
  } else tasks.push(task);
  if (scheduled) return;
  scheduled = true;
  immediate(turn);
}

/** Resolves after the event loop has processed its other pending work. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    immediate(resolve);
  });
}

function turn(): void {
  scheduled = tasks.length > done;
  left = TASKS_A_TURN;
  // Scheduled before running the tasks, so that one that throws does not stop the others.
  if (scheduled) immediate(turn);
  while (left > 0 && done < tasks.length) {
    left--;
    tasks[done++]!();
  }
  if (done < tasks.length) return;
  tasks.length = 0;
  done = 0;
}
