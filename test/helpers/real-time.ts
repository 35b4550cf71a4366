/**
 * Real time, for tests of what none of our clocks controls: child processes, terminals, servers such as Prometheus and Redis, and
 * the garbage collector. Everything else runs on `virtual-clock.ts` or `socket-clock.ts`.
 */
import { setTimeout as pauseFor } from 'node:timers/promises';

/** Makes a test fail with a reason before its own timeout does; it measures nothing. */
export const GIVE_UP_MS = 60_000;

/** Polls until the condition holds. */
export async function until(what: string, holds: () => boolean | Promise<boolean>, everyMs = 10): Promise<void> {
  for (let waitedMs = 0; !(await holds()); waitedMs += everyMs) {
    if (waitedMs >= GIVE_UP_MS) throw new Error(`Expected that ${what}`);
    await pauseFor(everyMs);
  }
}

/** For conditions without an event, such as that something does not happen. */
export async function pause(ms: number): Promise<void> {
  await pauseFor(ms);
}

/** Duration of an action in time that this process gets: what the machine spends on others does not count. */
export async function msGiven(action: () => Promise<void>): Promise<number> {
  const everyMs = 5;
  let turns = 0;
  // Late turns are not made up for.
  const stop = every(everyMs, () => turns++);
  try {
    await action();
  } finally {
    stop();
  }
  return turns * everyMs;
}

/** Repeats an action. @returns A function that stops it. */
export function every(ms: number, action: () => void): () => void {
  const timer = setInterval(action, ms);
  return () => clearInterval(timer);
}
