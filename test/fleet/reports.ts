import type { LimitReport, Report } from '../../src/fleet/fleet-store.ts';

export const MINUTE = 60_000;

/** A process's report on a request limit that is unused so far. */
export function limit(over: Partial<LimitReport> = {}): LimitReport {
  return {
    name: 'requests',
    limit: 600,
    windowMs: MINUTE,
    full: 600,
    changed: false,
    headroom: 0,
    level: 600,
    spent: 0,
    unanswered: 0,
    need: 0,
    want: 0,
    sample: undefined,
    refusedAt: undefined,
    ...over,
  };
}

export function tokens(over: Partial<LimitReport> = {}): LimitReport {
  return limit({ name: 'tokens', limit: 60_000, full: 60_000, level: 60_000, ...over });
}

let serial = 0;

export function report(process: string, limits: readonly LimitReport[], over: Partial<Report> = {}): Report {
  const facts = { pauseMs: 0, stop: undefined, opens: false, circuitMs: 0 };
  return { process, serial: ++serial, weight: 1, fleet: 1, returns: false, leaves: false, ...facts, limits, ...over };
}
