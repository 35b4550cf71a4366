import type { GuardEvent } from '../../src/core/events.ts';
import type { LaneSnapshot } from '../../src/core/snapshot.ts';
import { Emitter } from '../../src/core/emitter.ts';
import type { Guard } from '../../src/guard.ts';
import type { LaneReading } from '../../src/console/reading.ts';
import type { LimitState } from '../../src/console/state.ts';

/** A guard whose lanes and events are set by a test. */
export class FakeGuard implements Pick<Guard, 'on' | 'snapshot'> {
  lanes: LaneSnapshot[] = [];
  looks = 0;
  readonly #emitter = new Emitter();
  readonly on: Guard['on'] = (type, listener) => this.#emitter.on(type, listener);

  snapshot(): LaneSnapshot[] {
    this.looks++;
    return this.lanes;
  }

  emit(event: GuardEvent): void {
    this.#emitter.emit(event);
  }

  hears(type: GuardEvent['type']): boolean {
    return this.#emitter.hears(type);
  }
}

export function laneSnapshot(over: Partial<LaneSnapshot> = {}): LaneSnapshot {
  return {
    lane: 'openai/gpt-4o',
    provider: 'openai',
    group: 'gpt-4o',
    baseURL: 'https://api.openai.com',
    dimensions: [
      {
        dimension: 'tokens',
        limit: 30_000,
        remaining: 15_000,
        utilization: 0.5,
        resetMs: 30_000,
        windowMs: 60_000,
        source: 'header',
        observedAgeMs: 10,
        ratePerSecond: 500,
      },
    ],
    inFlight: 2,
    maxConcurrent: 500,
    queued: 0,
    oldestWaitMs: 0,
    waiting: { urgent: 0, busiestTenant: undefined, busiestShare: 0 },
    maxQueued: 100_000,
    pausedForMs: 0,
    circuit: 'closed',
    counts: { calls: 0, succeeded: 0, failed: 0, attempts: 0, retries: 0, throttled: 0 },
    ...over,
  };
}

export function limit(over: Partial<LimitState> = {}): LimitState {
  return { dimension: 'tokens', limit: 30_000, used: 0.5, source: 'header', beliefs: [], ...over };
}

export function laneReading(over: Partial<LaneReading> = {}): LaneReading {
  return {
    label: 'openai/gpt-4o',
    provider: 'openai',
    group: 'gpt-4o',
    limits: [limit()],
    inFlight: 2,
    maxConcurrent: 500,
    queued: 0,
    oldestWaitMs: 0,
    pausedForMs: 0,
    circuit: 'closed',
    busiestShare: 0,
    ...over,
  };
}
