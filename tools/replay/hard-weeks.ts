import { hash32, mulberry32 } from '../../src/simulator/random.ts';
import { LANE } from './fault.ts';
import type { Conditions } from './lane-model.ts';
import type { ServiceSpec } from './service.ts';
import { type Blip, blips, CALM, DAY, daily, during, HOUR, ORDINARY, WEEK } from './week.ts';

/** A time without a fault on which no rule was tuned. */
export interface HardWeek {
  readonly id: string;
  readonly what: string;
  readonly to: number;
  /** Acceptable number of tickets; default three a week. */
  readonly tickets?: number;
  services(seed: number): ServiceSpec[];
  /** Whether Prometheus is running; default always. */
  prometheusUp?(at: number, seed: number): boolean;
}

const USES = { fleet: true, prices: true, tenants: true, tier: 'priority' } as const;

/** An application with day and night, with this many calls per second in its busiest minute. */
export function service(
  job: string,
  peak: number,
  to: number,
  seed: number,
  other: Partial<ServiceSpec> = {},
): ServiceSpec {
  const disturbed = blips(seed, to / WEEK);
  const limit = Math.max(60, Math.round(peak * 120));
  return {
    job,
    lane: { ...LANE, uses: USES },
    processes: 2,
    from: 0,
    to,
    conditions: (at) => ({
      ...CALM,
      arrivals: peak * daily(at),
      limit,
      failing: during(disturbed, at) ?? ORDINARY,
    }),
    ...other,
  };
}

/** Times at which something begins, and its duration. */
function gaps(seed: number, count: number, to: number, longest: number): (at: number) => boolean {
  const random = mulberry32(seed);
  const all = Array.from({ length: count }, () => [random() * to, random() * longest] as const);
  return (at) => all.some(([from, seconds]) => at >= from && at < from + seconds);
}

const HALF_A_DAY = 12 * HOUR;
const FAILURES: readonly Conditions['failing'][] = [{ '503': 1 }, { none: 1 }, { '500': 0.8 }, { '529': 1 }];

/** At its busiest all day: a failure of 40 s at any phase of scrapes and evaluations. */
function blipping(
  seed: number,
  job: string,
  arrivals: number,
  times: readonly number[] = every(30 * 60, HALF_A_DAY),
): ServiceSpec['conditions'] {
  const random = mulberry32(hash32(job, seed));
  const blips: Blip[] = times.map((at, index) => ({
    at: Math.floor(at - random() * 10 * 60),
    seconds: 40,
    failing: FAILURES[index % FAILURES.length]!,
  }));
  return (at) => ({ ...CALM, arrivals, limit: arrivals * 120, failing: during(blips, at) ?? ORDINARY });
}

export const every = (seconds: number, to: number, from = 0): number[] =>
  Array.from({ length: Math.floor((to - from) / seconds) }, (_, index) => from + (index + 1) * seconds);

export const HARD_WEEKS: readonly HardWeek[] = [
  {
    id: 'thirty-a-day',
    what: 'thirty calls a day',
    to: WEEK,
    // 30 a day on average, by day three in half an hour.
    services: (seed) => [service('rare', 0.000_8, WEEK, seed, { processes: 1 })],
  },
  {
    id: 'one-process',
    what: 'one process, a call every ten seconds by day',
    to: WEEK,
    services: (seed) => [service('alone', 0.1, WEEK, seed, { processes: 1 })],
  },
  {
    id: 'very-high',
    what: '150 calls a second',
    to: 14 * HOUR,
    services: (seed) => [service('busy', 150, 14 * HOUR, seed, { processes: 8 })],
  },
  {
    id: 'rolling',
    what: '200 processes that are all replaced every two hours',
    to: 5 * HOUR,
    services: (seed) => [
      service('fleet', 60, 5 * HOUR, seed, { processes: 200, deploys: every(2 * HOUR, 5 * HOUR), rollingSeconds: 10 }),
    ],
  },
  {
    id: 'blips',
    what: 'the provider fails for 40 s, every half hour, for one process, five and twelve',
    to: HALF_A_DAY,
    // If it fails again within half an hour, a ticket in working hours is acceptable for each time.
    tickets: 24,
    services: (seed) =>
      (
        [
          ['one', 1, 0.5],
          ['few', 5, 3],
          ['fleet', 12, 20],
        ] as const
      ).map(([job, processes, peak]) =>
        service(job, peak, HALF_A_DAY, seed, { processes, conditions: blipping(seed, job, peak) }),
      ),
  },
  {
    id: 'quiet-fleet',
    what: 'the provider fails for 40 s, every hour, for 200 processes of which each calls once in 100 s',
    to: 5 * HOUR,
    tickets: 0,
    services: (seed) => [
      service('quiet', 2, 5 * HOUR, seed, {
        processes: 200,
        conditions: blipping(seed, 'quiet', 2, every(HOUR, 5 * HOUR)),
      }),
    ],
  },
  {
    id: 'scrape-gaps',
    what: 'one scrape in thirty is lost, and Prometheus is down twelve times for up to twenty minutes',
    to: 3 * DAY,
    services: (seed) => {
      const random = mulberry32(seed);
      return [service('gaps', 3, 3 * DAY, seed, { answers: () => random() > 1 / 30 })];
    },
    prometheusUp: (() => {
      const known = new Map<number, (at: number) => boolean>();
      return (at, seed) => {
        if (!known.has(seed)) known.set(seed, gaps(seed + 9, 12, 3 * DAY, 1_200));
        return !known.get(seed)!(at);
      };
    })(),
  },
  {
    id: 'counter-resets',
    what: 'one process of three restarts every ten minutes',
    to: 2 * DAY,
    services: (seed) => [service('resets', 3, 2 * DAY, seed, { processes: 3, restarts: every(600, 2 * DAY, 137) })],
  },
  {
    id: 'clock-jump',
    what: "the clock of Prometheus's machine jumps ahead by five minutes, and back again an hour later",
    to: 2 * DAY,
    services: (seed) => [service('jump', 3, 2 * DAY, seed)],
    // Forward: nothing was scraped in between. Backward: samples older than the last one are dropped.
    prometheusUp: (at) => {
      const ahead = DAY + 10 * HOUR;
      const back = ahead + HOUR;
      return !((at >= ahead && at < ahead + 300) || (at >= back && at < back + 300));
    },
  },
  ...[30, 60].map((seconds): HardWeek => ({
    id: `scrape-${seconds}s`,
    what: `a scrape every ${seconds} s`,
    to: 3 * DAY,
    services: (seed) => [
      service('chat', 3, 3 * DAY, seed, { processes: 3, scrapeSeconds: seconds, deploys: every(6 * HOUR, 3 * DAY) }),
      service('few', 0.02, 3 * DAY, seed + 1, { processes: 1, scrapeSeconds: seconds }),
    ],
  })),
  {
    id: 'to-zero',
    what: 'scaled with the load, and to zero at night and in between',
    to: 3 * DAY,
    services: (seed) => [
      service('scaled', 3, 3 * DAY, seed, {
        processes: 6,
        scale: (at) => (at % (40 * 60) < 600 || daily(at) < 0.1 ? 0 : Math.ceil(6 * daily(at))),
        // Requires two and a half minutes without a call.
        conditions: (at) => ({
          ...CALM,
          arrivals: (at + 150) % (40 * 60) < 750 || daily(at + 150) < 0.1 ? 0 : 3 * daily(at),
          failing: ORDINARY,
        }),
      }),
    ],
  },
  {
    id: 'two-clusters',
    what: 'a job of the same name in two clusters: one at its full tier with batches, one nearly idle',
    to: 3 * DAY,
    services: (seed) => [
      service('chat', 3, 3 * DAY, seed, { where: { cluster: 'eu', namespace: 'prod' } }),
      service('chat', 3, 3 * DAY, seed + 1, {
        where: { cluster: 'us', namespace: 'prod' },
        lane: { ...LANE, priority: 'batch', uses: { batch: true, prices: true } },
        conditions: (at) => ({ ...CALM, arrivals: at % (6 * HOUR) < 3 * HOUR ? 6 : 0.01 }),
      }),
    ],
  },
];
