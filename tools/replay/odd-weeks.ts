import { LANE } from './fault.ts';
import { every, type HardWeek, service } from './hard-weeks.ts';
import { CALM, DAY, daily, HOUR, ordinaryWeek, WEEK } from './week.ts';

/** Unusual but healthy applications. */
export const ODD_WEEKS: readonly HardWeek[] = [
  {
    id: 'three-an-hour',
    what: 'three calls an hour, of which one in ten is refused or fails once',
    to: WEEK,
    services: (seed) => [
      service('rare', 1, WEEK, seed, {
        processes: 1,
        conditions: () => ({ ...CALM, arrivals: 3 / HOUR, failing: { '429': 0.05, '500': 0.05 } }),
      }),
    ],
  },
  {
    id: 'weekly-batch',
    what: 'a batch that takes the full tier for twenty hours, after idle days',
    to: 5 * DAY,
    services: (seed) => [
      service('reports', 1, 5 * DAY, seed, {
        processes: 1,
        lane: { ...LANE, priority: 'batch', streams: false, uses: { batch: true, prices: true } },
        conditions: (at) => ({
          ...CALM,
          limit: 120,
          latency: 6,
          arrivals: at >= 3 * DAY && at < 3 * DAY + 20 * HOUR ? 2.1 : 0,
          failing: { '429': 0.01, '500': 0.005 },
        }),
      }),
    ],
  },
  {
    id: 'canary',
    what: 'one process of a hundred fails every attempt for an hour and a half',
    to: 4 * HOUR,
    // That there is one, and what it loses.
    tickets: 3,
    services: (seed) => [
      service('fleet', 20, 4 * HOUR, seed, {
        processes: 100,
        conditions: (at, process) => ({
          ...CALM,
          arrivals: 20,
          limit: 3_000,
          failing: process === 41 && at >= 2 * HOUR && at < 3.5 * HOUR ? { '500': 1 } : { '500': 0.001 },
        }),
      }),
    ],
  },
  {
    id: 'clock-change',
    what: 'clocks are set forward by an hour, and back two days later',
    to: 6 * DAY,
    services: (seed) => {
      const local = (at: number): number => (at >= 2 * DAY + 2 * HOUR && at < 4 * DAY + 2 * HOUR ? at + HOUR : at);
      const nightly = ordinaryWeek(seed).filter(({ job }) => job === 'nightly');
      return [service('people', 3, 6 * DAY, seed, { processes: 1 }), ...nightly].map((spec) => ({
        ...spec,
        to: 6 * DAY,
        conditions: (at, process) => spec.conditions(local(at), process),
        ...(spec.more && { more: (registry, at, process) => spec.more!(registry, local(at), process) }),
      }));
    },
  },
  {
    id: 'forty-seconds',
    what: 'a model that takes 40 s for every answer',
    to: 2 * DAY,
    services: (seed) => [
      service('thinks', 0.8, 2 * DAY, seed, {
        lane: { ...LANE, streams: false, uses: { prices: true } },
        deploys: every(8 * HOUR, 2 * DAY),
        conditions: (at) => ({ ...CALM, latency: 40, arrivals: 0.8 * daily(at), failing: { '500': 0.002 } }),
      }),
    ],
  },
  {
    id: 'launch',
    what: 'traffic that grows fivefold within ten minutes, and fits',
    to: 2 * DAY,
    services: (seed) => [
      service('launch', 1, 2 * DAY, seed, {
        conditions: (at) => {
          const begun = Math.min(1, Math.max(0, (at - DAY - 10 * HOUR) / 600));
          return { ...CALM, limit: 900, arrivals: (1 + 4 * begun) * (0.2 + daily(at)), failing: { '500': 0.002 } };
        },
      }),
    ],
  },
  {
    id: 'five-in-a-hundred',
    what: 'a provider that always fails five attempts in a hundred',
    to: 2 * DAY,
    services: (seed) => [
      service('shaky', 3, 2 * DAY, seed, {
        conditions: (at) => ({ ...CALM, arrivals: 3 * daily(at), failing: { '500': 0.03, '529': 0.02 } }),
      }),
    ],
  },
];
