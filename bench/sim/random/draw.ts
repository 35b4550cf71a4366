import { PLAIN_VIEW, type LimitView } from '../../../src/simulator/limits/limit-view.ts';
import type { LimitModelKind } from '../../../src/simulator/limits/limit-model.ts';
import { mulberry32 } from '../../../src/simulator/random.ts';
import { chargeOf, planned } from './charges.ts';
import type { Case, CaseJob, LimitSpec, ProviderSpec } from './case.ts';
import { drawJobs, type SizeShape } from './draw-jobs.ts';
import { shortName, drawLimits } from './draw-limits.ts';
import { Draw } from './dice.ts';
import { MOST_OF_OTHERS } from './limits.ts';
import { reference } from './reference.ts';
import { describeWrong, drawWrong, type Wrong } from './wrong.ts';

const MIN_CALLS = 60;
const MAX_CALLS = 2_500;
/** Decorrelates the draws of neighbouring seeds. */
const SPREAD = 0x9e37_79b1;

/** Seed of one of many draws; the first has the given seed itself, so that one draw can repeat each. */
export function seedOf(seed: number, index: number): number {
  if (index === 0) return seed;
  return Math.floor(mulberry32((Math.imul(seed, SPREAD) + index) >>> 0)() * 2 ** 32);
}

/** A provider and its load, drawn at random and reproducible by seed. `isWrong`: it does something wrong, too. */
export function drawCase(seed: number, isWrong = false): Case {
  const draw = new Draw(mulberry32(seed));
  const dialect = draw.among({ openai: 5, anthropic: 3, groq: 2 });
  const callsPerMinute = draw.round(draw.logarithmic(20, 60_000));
  const longestMs = (MAX_CALLS * 60_000) / callsPerMinute;
  // Most runs last for many answers, so that the cost of learning is a small part of them.
  const latencyMs = draw.logarithmic(50, draw.chance(0.8) ? Math.min(60_000, Math.max(50, longestMs / 15)) : 60_000);
  const kind = draw.among<LimitModelKind>({ bucket: 11, fixed: 5, sliding: 4 });
  const windowMs = drawWindow(draw, kind);
  const atOnce = Math.max(1, (callsPerMinute * windowMs) / 60_000);
  const shortest = Math.min(longestMs, Math.max(10_000, 15 * latencyMs));
  const busyMs = draw.logarithmic(shortest, Math.min(longestMs, Math.max(60_000, 40 * latencyMs)));
  const busyCalls = Math.max(MIN_CALLS, (callsPerMinute * busyMs) / 60_000);
  const calls = Math.round(atOnce < MAX_CALLS ? Math.min(MAX_CALLS, atOnce + busyCalls) : busyCalls);
  // If a full limit would hold all calls, most draws start with a partly used one.
  const fits = atOnce >= calls && draw.chance(0.3);
  const fill = atOnce < calls || fits ? 1 : (draw.between(0, 0.5) * calls) / atOnce;

  const shape = draw.among<SizeShape>({ constant: 3, mixed: 4, heavy: 3 });
  const raw = drawJobs(draw, { calls, latencyMs, shape, stream: draw.chance(0.3) });
  const { limits, jobs } = drawLimits(draw, { dialect, callsPerMinute, kind, windowMs, fill, jobs: raw });
  const oneWayMs = Math.min(draw.between(1, 40), latencyMs / 4);
  const longest = Math.max(...limits.map((limit) => limit.windowMs));
  const base: ProviderSpec = {
    dialect,
    limits,
    oneWayMs,
    minuteMs: draw.between(0, 60_000),
    ...drawTelling(draw, dialect, limits, longest),
    ...(draw.chance(0.08) ? { countsAtEnd: true } : {}),
    ...(draw.chance(0.08) ? { countsRefused: true } : {}),
    ...(draw.chance(0.08) ? { maxConcurrent: concurrencyOf(draw, callsPerMinute, latencyMs) } : {}),
    ...(draw.chance(0.1) ? { neighbour: draw.between(0.2, 0.6) } : {}),
    ...(draw.chance(0.15) ? { errors: draw.between(0.01, 0.1) } : {}),
    ...(draw.chance(0.08) ? { throttles: draw.between(0.02, 0.15) } : {}),
  };
  const processes = draw.amongNumbers({ 1: 65, 2: 12, 4: 12, 8: 11 });
  const made = {
    name: '',
    command: `--random 1 --seed ${seed}${isWrong ? ' --wrong' : ''}`,
    seed,
    jobs: () => jobs,
    processes,
    // A submitter of everything at once waits as `tidegate batch` does, not as a person does.
    options: { bulkhead: { maxConcurrent: 10_000 }, ...(isWrong ? {} : { retry: { maxHintMs: 3_600_000 } }) },
  };
  const { sentMs } = reference({ ...made, provider: base }, jobs);
  const disturbed: ProviderSpec = { ...base, ...fitting(drawDisturbance(draw, sentMs), base, jobs) };
  const provider = isWrong ? withWrong(disturbed, drawWrong(seed, jobs.length, sentMs)) : disturbed;
  return { ...made, provider, name: describe(provider, jobs, shape, latencyMs, made.processes) };
}

function drawWindow(draw: Draw, kind: LimitModelKind): number {
  if (kind === 'fixed') {
    return draw.amongNumbers({ 100: 1, 500: 1, 1000: 3, 5000: 1, 10000: 1, 15000: 1, 60000: 4 });
  }
  const which = draw.among({ minute: 35, second: 15, other: 50 });
  return which === 'minute' ? 60_000 : which === 'second' ? 1_000 : Math.round(draw.logarithmic(100, 60_000));
}

type Telling = Pick<ProviderSpec, 'headers' | 'view' | 'late' | 'absoluteReset' | 'scope' | 'retryAfter' | 'texts'>;

function drawTelling(
  draw: Draw,
  dialect: ProviderSpec['dialect'],
  limits: readonly LimitSpec[],
  windowMs: number,
): Telling {
  const short = windowMs < 60_000;
  const ofBucket = short && draw.chance(0.12);
  const reset = draw.among({ full: 65, next: 20, absolute: 15 });
  const other = draw.among({ none: 80, inflated: 12, scope: 8 });
  const smallest = Math.min(...limits.map(({ perMinute }) => perMinute));
  const step = draw.chance(0.2) ? draw.amongNumbers({ 10: 1, 100: 1, 1000: 1 }) : 1;
  const view: LimitView = {
    ...PLAIN_VIEW,
    limit: ofBucket ? 'bucket' : 'window',
    remaining: ofBucket || (short && draw.chance(0.5)) ? 'bucket' : 'window',
    reset: reset === 'next' ? 'next' : 'full',
    roundTo: step <= smallest / 20 ? step : 1,
    inflated: other === 'inflated' ? draw.between(1.1, 2) : 1,
  };
  return {
    view,
    headers: draw.among({ all: 68, success: 12, failure: 6, none: 14 }),
    retryAfter: draw.among({ seconds: 40, exact: 25, absent: 20, lying: 15 }),
    texts: draw.among({ full: 75, mute: 25 }),
    ...(draw.chance(0.1) ? { late: true } : {}),
    ...(reset === 'absolute' && dialect !== 'anthropic' ? { absoluteReset: true } : {}),
    ...(other === 'scope' ? { scope: { factor: draw.between(2, 10), othersShare: draw.between(0, 0.5) } } : {}),
  };
}

function concurrencyOf(draw: Draw, callsPerMinute: number, latencyMs: number): number {
  return Math.max(2, Math.round((draw.between(0.4, 1.5) * callsPerMinute * latencyMs) / 60_000));
}

type Disturbance = Pick<ProviderSpec, 'change' | 'outage'>;

/** Early enough to matter, relative to the lower bound of the calls. */
function drawDisturbance(draw: Draw, sentMs: number): Disturbance {
  const atMs = draw.between(0.2, 0.6) * sentMs;
  const kind = draw.among({ none: 86, change: 8, outage: 6 });
  if (sentMs < 2_000 || kind === 'none') return {};
  if (kind === 'change') return { change: { atMs, factor: draw.logarithmic(0.3, 3) } };
  return { outage: { fromMs: atMs, untilMs: atMs + draw.logarithmic(2_000, 20_000) } };
}

/** A limit that others use too is never cut so far that a call could never be admitted beside them. */
function fitting(disturbance: Disturbance, provider: ProviderSpec, jobs: readonly CaseJob[]): Disturbance {
  const { change } = disturbance;
  const { neighbour, limits } = provider;
  if (!change || neighbour === undefined) return disturbance;
  const least = limits.map(({ name, perMinute, windowMs }) => {
    const largest = Math.max(...jobs.map((job) => planned(chargeOf(provider, name, job)).need));
    const holds = (perMinute * windowMs) / 60_000;
    return largest / (holds * Math.max(0, 1 - MOST_OF_OTHERS * neighbour));
  });
  return { change: { ...change, factor: Math.max(change.factor, Math.min(1, Math.max(...least))) } };
}

/** The provider with its fault. Nothing succeeds in a phase, which bounds the time like an outage. */
function withWrong(provider: ProviderSpec, wrong: Wrong): ProviderSpec {
  if (wrong.kind !== 'phase') return { ...provider, wrong };
  const { fromMs, untilMs } = wrong;
  const { change: _, ...rest } = provider;
  return { ...rest, wrong, outage: { fromMs, untilMs } };
}

function describe(
  provider: ProviderSpec,
  jobs: readonly CaseJob[],
  shape: SizeShape,
  latencyMs: number,
  processes: number,
): string {
  const { dialect, limits, headers, view, scope, change, outage } = provider;
  const percent = (share: number): string => `${Math.round(100 * share)} %`;
  const seconds = (ms: number): string => `${Number((ms / 1_000).toPrecision(2))} s`;
  const words = [
    dialect,
    ...limits.map(
      ({ name, kind, perMinute, windowMs, fill }) =>
        `${shortName(name)} ${Math.round(perMinute)} ${kind} ${seconds(windowMs)}` +
        (fill === undefined || fill === 1 ? '' : ` at ${percent(fill)}`),
    ),
    `${jobs.length} calls ${shape}, ${seconds(latencyMs)}`,
    headers === 'all' ? '' : `headers ${headers}`,
    headers === 'none'
      ? ''
      : `tells ${view.remaining}${view.limit === 'bucket' ? ' limit=bucket' : ''} reset=${provider.absoluteReset ? 'epoch' : view.reset}`,
    view.roundTo > 1 ? `rounded ${view.roundTo}` : '',
    view.inflated > 1 ? `limit told x${view.inflated.toFixed(1)}` : '',
    scope ? `scope x${scope.factor.toFixed(1)}, others ${percent(scope.othersShare)}` : '',
    provider.late ? 'late' : '',
    `retry-after ${provider.retryAfter}`,
    provider.texts === 'mute' ? 'mute' : '',
    provider.countsAtEnd ? 'counts at end' : '',
    provider.countsRefused ? 'counts refused' : '',
    provider.maxConcurrent === undefined ? '' : `${provider.maxConcurrent} concurrent`,
    provider.neighbour === undefined ? '' : `neighbour ${percent(provider.neighbour)}`,
    provider.errors === undefined ? '' : `errors ${percent(provider.errors)}`,
    provider.throttles === undefined ? '' : `429s ${percent(provider.throttles)}`,
    change ? `limits x${change.factor.toFixed(1)} at ${seconds(change.atMs)}` : '',
    outage ? `outage ${seconds(outage.fromMs)} to ${seconds(outage.untilMs)}` : '',
    processes > 1 ? `${processes} processes` : '',
    provider.wrong ? describeWrong(provider.wrong) : '',
  ];
  return words.filter((word) => word !== '').join(', ');
}
