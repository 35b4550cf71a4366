import { type Clock, systemClock } from '../core/clock.ts';
import type { CallInfo, GuardEvent } from '../core/events.ts';
import type { Dimension } from '../core/outcome.ts';
import type { Guard } from '../guard.ts';
import type { RecordLine } from './hit-line.ts';
import { LimitWatch } from './limit-watch.ts';

type Event<T extends GuardEvent['type']> = Extract<GuardEvent, { type: T }>;

/** Turns a guard's events into lines of the record. @returns A function that stops it. */
export function hitEvents(
  guard: Guard,
  all: boolean,
  write: (line: RecordLine) => void,
  clock: Clock = systemClock,
): () => void {
  const ended = new WeakMap<CallInfo, Event<'attempt.end'>>();
  const refused = new WeakMap<CallInfo, Event<'rate_limited'>>();
  const limits = new LimitWatch(guard, write, clock);
  const startedAt = new WeakMap<CallInfo, number>();
  const now = (): string => new Date(clock.wall()).toISOString();

  const writeHit = (call: CallInfo, retry: Event<'retry'> | undefined): void => {
    const hit = refused.get(call);
    if (!hit) return;
    refused.delete(call);
    const attempt = ended.get(call);
    const lane = guard.snapshot().find(({ lane }) => lane === call.lane);
    const { limit, remaining, requested } = hit;
    write({
      v: 1,
      kind: 'hit',
      at: now(),
      provider: call.provider,
      model: call.model ?? null,
      pool: call.lane,
      dimension: hit.dimension,
      limit: limit ?? null,
      used: limit === undefined || remaining === undefined ? null : limit - remaining,
      requested: requested ?? null,
      waitMs: retry ? Math.round(retry.delayMs) : null,
      waitSource: retry ? retry.delaySource : null,
      attempt: hit.attempt,
      status: attempt?.status ?? null,
      code: attempt?.code ?? null,
      requestId: attempt?.requestId ?? null,
      queued: lane?.queued ?? null,
      inFlight: lane?.inFlight ?? null,
    });
  };

  const stops = [
    guard.on('attempt.end', (event) => void ended.set(event.call, event)),
    guard.on('rate_limited', (event) => {
      // An earlier refusal without a retry event: the call waited for its lane.
      writeHit(event.call, undefined);
      refused.set(event.call, event);
    }),
    guard.on('retry', (event) => writeHit(event.call, event)),
    guard.on('pause', ({ lane, dimension, forMs }) =>
      write({ v: 1, kind: 'pause', at: now(), pool: lane, dimension, waitMs: Math.round(forMs) }),
    ),
    guard.on('limit', ({ lane, dimension, limit, source }) => {
      if (!all) return;
      const remaining = remainingOf(guard, lane, dimension);
      write({
        v: 1,
        kind: 'limit',
        at: now(),
        pool: lane,
        dimension,
        limit,
        source,
        ...(remaining !== undefined && { remaining }),
      });
    }),
    guard.on('call.start', ({ call }) => void (all && startedAt.set(call, clock.wall()))),
    guard.on('call.end', (event) => {
      writeHit(event.call, undefined);
      if (!all) return;
      write(callLine(event, startedAt.get(event.call) ?? clock.wall() - event.durationMs));
      limits.look();
    }),
  ];
  return () => {
    for (const stop of stops) stop();
    if (all) limits.look(true);
  };
}

function remainingOf(guard: Guard, lane: string, dimension: Dimension): number | undefined {
  const known = guard.snapshot().find((each) => each.lane === lane);
  const remaining = known?.dimensions.find((each) => each.dimension === dimension)?.remaining;
  return remaining === undefined ? undefined : Math.round(remaining);
}

function callLine(event: Event<'call.end'>, startedAt: number): RecordLine {
  const { call, usage } = event;
  const max = call.attributes['max_tokens'];
  return {
    v: 1,
    kind: 'call',
    at: new Date(startedAt).toISOString(),
    provider: call.provider,
    model: call.model ?? null,
    pool: call.lane,
    operation: call.operation,
    stream: call.stream,
    priority: call.priority,
    outcome: event.outcome,
    attempts: event.attempts,
    durationMs: Math.round(event.durationMs),
    waitedMs: Math.round(event.waitedPacerMs + event.waitedBulkheadMs + event.retryDelayMs),
    inputTokens: usage?.inputTokens ?? null,
    cachedTokens: usage?.cacheReadTokens ?? null,
    outputTokens: usage?.outputTokens ?? null,
    maxOutputTokens: typeof max === 'number' ? max : null,
  };
}
