/** Tasks that are done before the event loop gets a turn: what follows each may be the end of a call. */
const TASKS_A_TURN = 250;

// Bound at import: the fake timers of an application's tests stop its time, and nothing here waits for time.
const { setImmediate: immediate } = globalThis;

const tasks: (() => void)[] = [];
let done = 0;
let left = TASKS_A_TURN;
let scheduled = false;

/**
 * Does a task at once, or where many come together (one signal, one refusal or one `close()` may end ten thousand
 * calls) in one of the next turns of the event loop, in order.
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

/** Resolves when the event loop has done what else there was to do. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    immediate(resolve);
  });
}

function turn(): void {
  scheduled = tasks.length > done;
  left = TASKS_A_TURN;
  // Before the tasks, so that one that throws stops none of the others.
  if (scheduled) immediate(turn);
  while (left > 0 && done < tasks.length) {
    left--;
    tasks[done++]!();
  }
  if (done < tasks.length) return;
  tasks.length = 0;
  done = 0;
}
