import type { Passage } from '../core/lane.ts';
import type { ResolvedBreaker } from '../options/breaker-options.ts';
import type { Breaker, BreakerDeps } from './circuit.ts';
import { LaneBreaker } from './lane-breaker.ts';

/** Circuit breaker of one lane. Without options it lets everything through. */
export function createBreaker(options: ResolvedBreaker | undefined, deps: BreakerDeps): Breaker {
  return options ? new LaneBreaker(options, deps) : PASS;
}

const ANY: Passage = { succeeded: () => undefined, crowded: () => undefined, failed: () => undefined };

const PASS: Breaker = {
  enter: () => ANY,
  recordFailure() {},
  trip: () => false,
  state: () => 'closed',
  openUntil: () => 0,
  maxInFlight: () => Infinity,
  maxWaitMs: 0,
  lastFailure: undefined,
  close() {},
};
