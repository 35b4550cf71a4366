import { BELIEFS } from '../core/beliefs.ts';
import { adviceOn } from './advice.ts';
import { bindingOf, causeOf, isHeldUp, isLimited, rankOf } from './condition.ts';
import type { LaneReading } from './reading.ts';
import type { LaneState, SourceState, Verdict } from './state.ts';
import { duration, noun, number, percent } from './format.ts';

/** A lane as the page shows it, and as it was read. */
export interface AssessedLane {
  readonly state: LaneState;
  readonly reading: LaneReading;
}

/** The summary: about the lane in the worst condition; of several, the one with the longest queue. */
export function verdictOf(lanes: readonly AssessedLane[], sources: readonly SourceState[]): Verdict {
  const broken = sources.filter(({ problem }) => problem !== undefined);
  if (sources.length > 0 && broken.length === sources.length) return unreachable(broken);
  const worst = lanes.reduce<AssessedLane | undefined>((a, b) => (a && !isWorse(b.state, a.state) ? a : b), undefined);
  if (!worst || worst.state.condition === 'idle') return idle(lanes.length);
  if (!isLimited(worst.state.condition)) return free(lanes.map(({ state }) => state));
  const { state } = worst;
  return {
    tone: state.tone,
    condition: state.condition,
    title: titleOf(state),
    byWhat: byWhat(state),
    whose: whose(worst),
    since: state.since,
    now: now(state),
    lane: state.key,
    others: lanes.filter((lane) => lane !== worst && isHeldUp(lane.state.condition)).length,
  };
}

function isWorse(a: LaneState, b: LaneState): boolean {
  const [rankA, rankB] = [rankOf(a.condition), rankOf(b.condition)];
  return rankA === rankB ? a.queued > b.queued : rankA < rankB;
}

const nameOf = ({ provider, group }: LaneState): string => `${provider}/${group}`;

function titleOf(lane: LaneState): string {
  const name = nameOf(lane);
  switch (lane.condition) {
    case 'outage':
      return `${name} does not answer`;
    case 'quota':
      return `No credit left for ${name}`;
    case 'overloaded':
      return `${lane.provider} has no capacity for ${lane.group}`;
    case 'paused':
      return `${name} is paused`;
    case 'crowded':
      return `${name} is full`;
    case 'waiting':
      return `Calls wait in ${name}`;
    case 'refused':
      return `${lane.provider} has refused calls of ${lane.group}`;
    default:
      return `${name} runs at its limit`;
  }
}

function byWhat({ condition, limits, refused, circuit, maxConcurrent }: LaneState): string {
  if (condition === 'outage') {
    return circuit === 'half_open' ? 'Circuit half open: one call is tried' : 'Circuit open: calls failed';
  }
  if (condition === 'crowded') return `${number(maxConcurrent ?? 0)} calls at once`;
  const cause = causeOf(limits, refused);
  if (condition === 'overloaded' || condition === 'quota') {
    const kinds = Object.keys(refused).filter((each) => /^(?:overloaded|no_capacity|quota)$/.test(each));
    return capital(kinds.map(noun).join(', '));
  }
  if (cause === undefined) return condition === 'paused' ? 'The provider asked to wait' : 'No limit that is known';
  const limit = limits.find(({ dimension }) => dimension === cause);
  if (!limit) return capital(noun(cause));
  const used = limit.used === undefined ? '' : `, ${percent(limit.used)} used`;
  return `${capital(noun(cause))}: ${number(limit.limit)}${used}`;
}

function whose({ state, reading: { busiestShare } }: AssessedLane): string {
  const tenant = busiestShare > 0.5 ? ` One tenant has ${percent(busiestShare)} of the queue.` : '';
  return whoseLimit(state) + tenant;
}

function whoseLimit({ condition, provider, limits, refused, fleet }: LaneState): string {
  if (condition === 'outage') return `${provider}'s: no limit of yours`;
  if (condition === 'quota') return `Your account's credit at ${provider}`;
  if (condition === 'crowded') return "This process's own: maxConcurrent";
  const cause = causeOf(limits, refused);
  if (condition === 'overloaded' || cause === 'overloaded' || cause === 'no_capacity') {
    return `${provider}'s capacity: no limit of yours`;
  }
  const limit = limits.find(({ dimension }) => dimension === cause);
  if (limit?.beliefs.some(({ belief }) => belief === 'shared')) {
    return `Your account's at ${provider}, and others use it: ${BELIEFS.shared}`;
  }
  if (fleet && fleet.processes > 1) return `Your account's at ${provider}, shared by ${fleet.processes} processes`;
  if (limit?.source === 'config') return 'Set in this process: pacing';
  if (limit?.source === 'learned') return `Your account's at ${provider}, learned from its refusals`;
  return `Your account's tier at ${provider}`;
}

function now(lane: LaneState): string {
  const { condition, provider, queued, pausedForMs, callsPerSecond, limits, refused } = lane;
  const waiting = queued === 0 ? '' : `${number(queued)} ${queued === 1 ? 'call waits' : 'calls wait'}`;
  switch (condition) {
    case 'outage':
      return `${waiting === '' ? 'Calls wait' : waiting} for a probe that is answered. See ${provider}'s status page.`;
    case 'quota':
      return 'Waiting does not help: add credit or raise the spend limit in its console.';
    case 'overloaded':
      return `${waiting === '' ? '' : `${waiting}. `}Calls are retried with growing pauses; a higher tier would not help.`;
    case 'crowded':
      return `${waiting}. Raise bulkhead.maxConcurrent, the limits have room.`;
    default:
  }
  const parts: string[] = [];
  if (pausedForMs > 0) parts.push(`Sends again in ${duration(pausedForMs)}.`);
  if (waiting !== '') {
    const left = callsPerSecond > 0 ? `, about ${duration((queued * 1000) / callsPerSecond)} of work` : '';
    parts.push(`${waiting}${left}; none fails.`);
  }
  const advice = adviceOn(causeOf(limits, refused));
  if (advice !== undefined && condition !== 'waiting') parts.push(advice.replace(/:[^:]*\.$/, '.'));
  if (condition === 'refused') parts.unshift('Refused calls are retried.');
  return parts.join(' ') || 'The reason is not known: see the circuit and the limits below.';
}

function free(lanes: readonly LaneState[]): Verdict {
  const nearest = lanes
    .flatMap((lane) => bindingOf(lane.limits) ?? [])
    .reduce((a, b) => (b.used! > a.used! ? b : a), { used: -1 } as { used?: number | undefined });
  const lane = lanes.find(({ limits }) => limits.includes(nearest as never));
  const limit = lane && bindingOf(lane.limits);
  const isNear = lane?.condition === 'near';
  return {
    tone: isNear ? 'note' : 'ok',
    condition: isNear ? 'near' : 'free',
    title: isNear ? 'Not limited, but near' : 'Not limited',
    byWhat: limit ? `Nearest: ${noun(limit.dimension)}, ${percent(limit.used!)} used` : 'No limit is known yet',
    whose: lane ? `${nameOf(lane)}: ${number(limit!.limit)} in total` : 'Limits come with the first answers',
    now: 'Nothing to do: calls are sent as they come.',
    lane: lane?.key,
    others: 0,
  };
}

function idle(lanes: number): Verdict {
  return {
    tone: 'quiet',
    condition: 'idle',
    title: lanes === 0 ? 'No calls yet' : 'Idle',
    byWhat: 'Nothing',
    whose: lanes === 0 ? 'Lanes appear with the first call' : `${lanes} ${lanes === 1 ? 'lane' : 'lanes'}, no calls`,
    now: lanes === 0 ? 'Waiting for the first guarded call.' : 'Nothing to do.',
    others: 0,
  };
}

function unreachable(broken: readonly SourceState[]): Verdict {
  return {
    tone: 'bad',
    condition: 'unreachable',
    title: broken.length === 1 ? 'The metrics cannot be read' : 'No metrics can be read',
    byWhat: broken.map(({ name, problem }) => `${name}: ${problem}`).join('; '),
    whose: 'Unknown until they can be read',
    now: 'Start the application, or give its address with --metrics.',
    others: 0,
  };
}

const capital = (text: string): string => text.slice(0, 1).toUpperCase() + text.slice(1);
