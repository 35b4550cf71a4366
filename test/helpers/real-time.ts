/**
 * Real time, for tests that watch what no clock of ours moves: child processes, terminals, servers such as Prometheus and Redis, and
 * the garbage collector. Everything else runs on `virtual-clock.ts` or `socket-clock.ts`.
 */
import { setTimeout as pauseFor } from 'node:timers/promises';

/** Only fails a test with a reason before its own timeout does; it measures nothing. */
export const GIVE_UP_MS = 60_000;

/** Polls until the condition holds. */
export async function until(what: string, holds: () => boolean | Promise<boolean>, everyMs = 10): Promise<void> {
  for (let waitedMs = 0; !(await holds()); waitedMs += everyMs) {
    if (waitedMs >= GIVE_UP_MS) throw new Error(`Expected that ${what}`);
    await pauseFor(everyMs);
  }
}

/** For what nothing announces, such as that something does not happen. */
export async function pause(ms: number): Promise<void> {
  await pauseFor(ms);
}

/** How long an action takes, in the time that this process is given: what the machine spends on others does not count. */
export async function msGiven(action: () => Promise<void>): Promise<number> {
  const everyMs = 5;
  let turns = 0;
  // Turns that come too late are not made up for.
  const stop = every(everyMs, () => turns++);
  try {
    await action();
  } finally {
    stop();
  }
  return turns * everyMs;
}

/** Repeats an action. @returns What stops it. */
export function every(ms: number, action: () => void): () => void {
  const timer = setInterval(action, ms);
  return () => clearInterval(timer);
}
