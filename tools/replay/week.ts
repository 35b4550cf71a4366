import { mulberry32 } from '../../src/simulator/random.ts';
import type { Conditions } from './lane-model.ts';
import type { Registry } from './registry.ts';
import type { ServiceSpec } from './service.ts';

export const HOUR = 3_600;
export const DAY = 24 * HOUR;
export const WEEK = 7 * DAY;

/** A healthy lane. */
export const CALM: Conditions = {
  arrivals: 1,
  latency: 1.2,
  limit: 300,
  taken: 0,
  pacedTo: 1,
  savedSeconds: 6,
  retryAfter: 1,
  failing: {},
  hanging: false,
  interrupted: 0.002,
  deadline: 0,
};

/** Saturday and Sunday of a week that begins on a Thursday. */
const weekend = (at: number): boolean => [2, 3].includes(Math.floor(at / DAY) % 7);

/** Traffic as a share of the busiest hour: nights and weekends are quiet. */
export function daily(at: number): number {
  const hour = (at % DAY) / HOUR;
  const wave = Math.max(0, Math.sin(((hour - 6) / 16) * Math.PI));
  return (0.08 + 0.92 * wave ** 1.5) * (weekend(at) ? 0.35 : 1);
}

/** A short disturbance: some attempts fail for some seconds. */
export interface Blip {
  readonly at: number;
  readonly seconds: number;
  readonly failing: Readonly<Record<string, number>>;
}

/**
 * Single refusals, some seconds of overload and two blips of 40 s without an answer, at random times of a week. A
 * shorter time gets its share of them, but at least one of each.
 */
export function blips(seed: number, weeks = 1): Blip[] {
  const random = mulberry32(seed);
  const some = (count: number, seconds: number, failing: Blip['failing']): Blip[] =>
    Array.from({ length: Math.max(1, Math.round(count * weeks)) }, () => ({
      at: Math.floor(random() * WEEK * weeks),
      seconds,
      failing,
    }));
  return [
    ...some(30, 4, { '429': 0.5 }),
    ...some(12, 20, { '529': 0.15 }),
    ...some(6, 10, { '500': 0.3 }),
    ...some(2, 40, { '503': 1 }),
  ];
}

export function during(list: readonly Blip[], at: number): Conditions['failing'] | undefined {
  return list.find((blip) => at >= blip.at && at < blip.at + blip.seconds)?.failing;
}

/** On a healthy day: an error or a refusal that is retried, an invalid request. */
export const ORDINARY: Conditions['failing'] = { '500': 0.001, '429': 0.000_5, '400': 0.002 };

/** A week without a fault, though much happens: nothing in it may page. */
export function ordinaryWeek(seed: number): ServiceSpec[] {
  const chatBlips = blips(seed + 1);
  const nightly = { model: 'gpt-5.1-mini', dimension: 'tokens', priority: 'batch', streams: false } as const;
  const uses = { batch: true, tier: 'flex', prices: true } as const;
  return [
    {
      // A chat application, released twice a day.
      job: 'chat',
      lane: {
        provider: 'anthropic',
        model: 'claude-sonnet-4-5',
        priority: 'interactive',
        streams: true,
        dimension: 'input_tokens',
        uses: { fleet: true, prices: true, tenants: true },
      },
      processes: 3,
      from: 0,
      to: WEEK,
      deploys: [0, 1, 4, 5, 6].flatMap((day) => [day * DAY + 9.5 * HOUR, day * DAY + 15 * HOUR]),
      conditions: (at) => ({
        ...CALM,
        arrivals: 3.2 * daily(at) * rush(at),
        latency: 1.4 + 0.4 * daily(at),
        failing: during(chatBlips, at) ?? ORDINARY,
        ...oddities(at),
      }),
      // A process that is too busy for one scrape.
      answers: (at, process) => !(process === 1 && at === 2 * DAY + 13 * HOUR),
    },
    {
      // Four hours at the full tier every night, longer at the end of the week.
      job: 'nightly',
      lane: { provider: 'openai', ...nightly, uses },
      processes: 1,
      from: 0,
      to: WEEK,
      restarts: [3 * DAY + 2 * HOUR],
      conditions: (at) => ({
        ...CALM,
        limit: 120,
        latency: 4,
        arrivals: batch(at) ? 2.05 : 0,
        failing: batch(at) ? { '429': 0.004, '500': 0.002 } : {},
      }),
      more: dayLimit(45_000, 120),
    },
    {
      // A call every minute or two by day, nearly none by night; a final failure now and then.
      job: 'helpdesk',
      lane: {
        provider: 'openai',
        model: 'gpt-5.1',
        priority: 'normal',
        streams: false,
        dimension: 'requests',
        uses: { prices: true },
      },
      processes: 1,
      from: 0,
      to: WEEK,
      deploys: [DAY + 11 * HOUR, 3 * DAY + 11 * HOUR],
      conditions: (at) => ({
        ...CALM,
        limit: 500,
        latency: 2.5,
        arrivals: 0.02 * daily(at),
        failing: { '429': 0.01, '500': 0.004, '400': 0.01 },
        deadline: at % (9 * HOUR) < 60 ? 2 : 0,
        // Long answers to long questions: more expensive, and cut more often.
        signals: { inputTokens: 6_000, outputTokens: 900, cut: { length: 0.05 } },
      }),
    },
    {
      // A job of the same name in another namespace, with hardly any use.
      job: 'chat',
      where: { cluster: 'eu', namespace: 'staging' },
      lane: {
        provider: 'anthropic',
        model: 'claude-sonnet-4-5',
        priority: 'normal',
        streams: true,
        dimension: 'input_tokens',
      },
      processes: 1,
      from: 0,
      to: WEEK,
      conditions: (at) => ({ ...CALM, arrivals: 0.05 * daily(at) }),
    },
  ];
}

/**
 * Incidents around the calls of a healthy week: the store fails over, a script runs by hand, a disk is full for a
 * while.
 */
function oddities(at: number): Pick<Conditions, 'signals'> {
  const within = (from: number, seconds: number): boolean => at >= from && at < from + seconds;
  if (within(DAY + 3 * HOUR, 20) || within(4 * DAY + 14 * HOUR, 25)) return { signals: { store: 'gone' } };
  if (within(5 * DAY + 11 * HOUR, 45)) return { signals: { store: 'slow' } };
  if (within(4 * DAY + 16 * HOUR, 6)) return { signals: { unguarded: 0.2 } };
  if (within(6 * DAY + 2 * HOUR, 60)) return { signals: { linesLost: 0.1 } };
  return {};
}

/** A quarter of an hour every day in which all users come at once. */
function rush(at: number): number {
  const hour = (at % DAY) / HOUR;
  return hour > 10 && hour < 10.25 ? 1.5 : 1;
}

function batch(at: number): boolean {
  const hour = (at % DAY) / HOUR;
  return hour >= 1 && hour < (weekend(at) ? 6 : 5);
}

/** Daily calls that the account allows; reset at midnight. */
export function dayLimit(limit: number, aMinute: number): NonNullable<ServiceSpec['more']> {
  let used = 0;
  return (registry: Registry, at: number) => {
    if (at % DAY < 15) used = 0;
    if (batch(at)) used += (aMinute / 60) * 15;
    const labels = {
      'gen_ai.provider.name': 'openai',
      'gen_ai.request.model': 'gpt-5.1-mini',
      'tidegate.limit.dimension': 'requests_day',
    };
    registry.set('tidegate.ratelimit.limit', labels, limit);
    registry.set('tidegate.ratelimit.remaining', labels, Math.max(0, limit - used));
    registry.set('tidegate.ratelimit.reset_seconds', labels, DAY - (at % DAY));
    registry.set('tidegate.limit.utilization_ratio', labels, used / limit);
  };
}

/** Prometheus itself is down: four minutes in the middle of a busy day. */
export function prometheusUp(at: number): boolean {
  const gap = 2 * DAY + 11 * HOUR;
  return at < gap || at >= gap + 240;
}
