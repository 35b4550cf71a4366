/**
 * Real time, for tests that watch what no clock of ours moves: child processes, terminals, servers such as Prometheus and Redis, and
 * the garbage collector. Everything else runs on `virtual-clock.ts` or `socket-clock.ts`.
 */
import { setTimeout as pauseFor } from 'node:timers/promises';

/** Only fails a test with a reason before its own timeout does; it measures nothing. */
const GIVE_UP_MS = 60_000;

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

/** Repeats an action. @returns What stops it. */
export function every(ms: number, action: () => void): () => void {
  const timer = setInterval(action, ms);
  return () => clearInterval(timer);
}
