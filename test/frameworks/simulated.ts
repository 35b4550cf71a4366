import { expect } from 'vitest';
import type { GuardEvent } from '../../src/core/events.ts';
import type { GuardCore } from '../../src/guard.ts';
import type { Simulator, SimulatorOptions } from '../../src/testing.ts';
import { eventsOf } from '../helpers/record-events.ts';
import { observedGuard, simulate } from '../integration/connect.ts';

export const REPLY = 'Paris';

/** The model calls the tool first, and answers its result. */
export const TOOL_REPLIES = { toolCalls: true } as const;

export const FRAMEWORK_GUARD = { retry: { initialDelayMs: 1, maxDelayMs: 5, maxAttempts: 2 } } as const;

export interface Observed {
  readonly guard: GuardCore;
  readonly events: GuardEvent[];
  readonly server: Simulator;
}

export async function observe(
  provider: SimulatorOptions['provider'],
  options: Partial<SimulatorOptions> = {},
): Promise<Observed> {
  const server = await simulate({ provider, reply: () => REPLY, ...options });
  return { ...observedGuard(FRAMEWORK_GUARD), server };
}

/** Lets the next request fail, and the one after it succeed. */
export function fallible(server: Simulator): void {
  server.update({ faults: { script: ['server_error'] } });
}

/** Expects this many calls, each of which has failed once on its way. */
export async function expectRetried({ events, server }: Observed, calls: number): Promise<void> {
  const outcomes = (): string[] => eventsOf(events, 'call.end').map(({ outcome }) => outcome);
  await expect.poll(outcomes).toEqual(Array<string>(calls).fill('success_after_retry'));
  expect(eventsOf(events, 'call.end').every(({ usage }) => (usage?.outputTokens ?? 0) > 0)).toBe(true);
  expect(server.stats()).toMatchObject({ requests: 2 * calls, completed: calls, inFlight: 0 });
}

/** Expects this many calls without a failure, all of them counted. */
export async function expectCounted({ events, server }: Observed, calls: number): Promise<void> {
  await expect.poll(() => eventsOf(events, 'call.end').length).toBe(calls);
  expect(eventsOf(events, 'call.end').map(({ outcome }) => outcome)).toEqual(Array<string>(calls).fill('success'));
  expect(eventsOf(events, 'call.end').every(({ usage }) => (usage?.outputTokens ?? 0) > 0)).toBe(true);
  expect(server.stats()).toMatchObject({ requests: calls, completed: calls, inFlight: 0 });
}
