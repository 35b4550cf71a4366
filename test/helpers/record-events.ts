import type { Guard } from '../../src/guard.ts';
import type { GuardEvent } from '../../src/core/events.ts';

// An object, so that a missing type is a compile error.
const EVENT_TYPES: Readonly<Record<GuardEvent['type'], true>> = {
  'call.start': true,
  queued: true,
  admitted: true,
  not_admitted: true,
  'attempt.start': true,
  'attempt.end': true,
  'attempt.spent': true,
  rate_limited: true,
  retry: true,
  give_up: true,
  'answer.error': true,
  'stream.first_chunk': true,
  'stream.chunk': true,
  'stream.end': true,
  'call.end': true,
  pause: true,
  limit: true,
  belief: true,
  circuit: true,
  settled: true,
  unguarded: true,
  repeated: true,
  'hits.lost': true,
  'shared.mode': true,
  'shared.exchange': true,
  warning: true,
};

// Bound at import: a test may fake it.
const { setImmediate: immediate } = globalThis;

/** Every event of the guard from now on, as it is emitted. */
export function recordEvents(guard: Guard): GuardEvent[] {
  const events: GuardEvent[] = [];
  for (const type of Object.keys(EVENT_TYPES) as GuardEvent['type'][]) guard.on(type, (event) => events.push(event));
  return events;
}

/** Events of one type, from a recorded guard or a record. */
export function eventsOf<T extends GuardEvent['type']>(
  recorded: readonly GuardEvent[] | { readonly events: readonly GuardEvent[] },
  type: T,
): Extract<GuardEvent, { type: T }>[] {
  const events = 'events' in recorded ? recorded.events : recorded;
  return events.filter((event): event is Extract<GuardEvent, { type: T }> => event.type === type);
}

type Recorded = { readonly events: readonly GuardEvent[] } | { events(): readonly GuardEvent[] };

/** Resolves when every call that has begun has ended, and the guard has said so. */
export async function callsEnded(recorded: Recorded): Promise<void> {
  const open = (): boolean => {
    const events = typeof recorded.events === 'function' ? recorded.events() : recorded.events;
    // The record of a shared guard may begin with the end of an earlier test's call.
    const ended = new Set(eventsOf(events, 'call.end').map(({ call }) => call.id));
    return eventsOf(events, 'call.start').some(({ call }) => !ended.has(call.id));
  };
  while (open()) {
    await new Promise<void>((resolve) => {
      immediate(resolve);
    });
  }
}
