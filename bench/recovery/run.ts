import Anthropic from '@anthropic-ai/sdk';
import Groq from 'groq-sdk';
import OpenAI from 'openai';
import { isTidegateError } from '../../src/errors.ts';
import { GuardCore } from '../../src/guard.ts';
import { VirtualClock } from '../../src/hits/replay/virtual-clock.ts';
import type { SimulatorLimits } from '../../src/simulator/limits/limits.ts';
import { resolveOptions } from '../../src/simulator/options.ts';
import { mulberry32, type Random } from '../../src/simulator/random.ts';
import { Simulation } from '../../src/simulator/simulation.ts';
import { withCall } from '../../src/with-call.ts';
import { CLOSING, MAX_TOKENS, type Phase, type Recovery, REPLY_TOKENS } from './draw.ts';
import { virtualFetch } from './virtual-fetch.ts';

/** Time within which a lane has to recover. */
const WELL_WITHIN_MS = 10_000;
const WATCHED_MS = 40_000;
const WATCHED_CALLS = 150;

export interface Made {
  /** Relative to the end of the disturbance; negative before it. */
  readonly atMs: number;
  readonly patienceMs: number;
  /** How long it would wait if the limit were empty at the end of the disturbance, and calls served in order. */
  idealWaitMs: number;
  tookMs: number;
  /** Undefined if it succeeded. */
  error: string | undefined;
}

export interface Recovered {
  /** Calls that arrived when the lane had to be recovered. */
  readonly watched: readonly Made[];
  /** Those of them that were lost although there was time for them. */
  readonly lost: readonly Made[];
}

/** Makes the calls of a recovery through the real SDK and a guard of its own, on a virtual clock. */
export async function runRecovery(each: Recovery, trace?: (line: string) => void): Promise<Recovered> {
  const clock = new VirtualClock();
  const random = mulberry32(each.seed + 1);
  const simulation = new Simulation(resolveOptions({ ...each.simulator, clock }));
  const { maxConcurrent } = each;
  const guard = new GuardCore(
    { telemetry: false, ...(maxConcurrent === undefined ? {} : { bulkhead: { maxConcurrent } }) },
    { clock, random: mulberry32(each.seed + 2) },
  );
  const send = sender(each, guard, virtualFetch(simulation, clock));
  const calls: Made[] = [];
  let open = 0;
  const call = (atMs: number, patienceMs: number): void => {
    const made: Made = { atMs, patienceMs, idealWaitMs: 0, tookMs: 0, error: undefined };
    calls.push(made);
    open++;
    const startedAt = clock.now();
    const end = (error?: unknown): void => {
      open--;
      made.tookMs = clock.now() - startedAt;
      made.error = error === undefined ? undefined : nameOf(error);
      trace?.(`${(startedAt / 1_000).toFixed(2)} +${made.tookMs.toFixed(0)} ms ${made.error ?? 'ok'}`);
    };
    let signal: AbortSignal | undefined;
    if (each.patience === 'signal') {
      const controller = new AbortController();
      clock.after(patienceMs, () => controller.abort());
      signal = controller.signal;
    }
    const deadline = each.patience === 'deadline' ? { deadlineMs: patienceMs } : {};
    withCall(deadline, () => send(signal)).then(() => end(), end);
  };

  const perMs = each.callsPerMinute / 60_000;
  let at = 0;
  const plan = (ms: number, rate: number, endAt: number, most = Infinity): void => {
    const until = at + ms;
    let next = at;
    for (let count = 0; count < most; count++) {
      next += each.poisson ? -Math.log(1 - random()) / rate : 1 / rate;
      if (next >= until) break;
      const [least, longest] = each.patienceMs;
      const patienceMs = least + random() * (longest - least);
      const begins = next;
      clock.after(begins, () => call(begins - endAt, patienceMs));
    }
    at = until;
  };
  const disturbedMs = 1_000 * each.phases.reduce((sum, { seconds }) => sum + seconds, each.calmSeconds);
  const endAt = disturbedMs + Math.max(0, ...each.phases.map((phase) => aftermathMs(each, phase)));
  plan(1_000 * each.calmSeconds, perMs * each.before, endAt);
  for (const { seconds, load, faults, latency, factor } of each.phases) {
    clock.after(at, () =>
      simulation.update({ faults, latency: latency ?? each.latency, limits: scaled(each.limits, factor) }),
    );
    plan(1_000 * seconds, perMs * load, endAt);
  }
  clock.after(at, () => simulation.update({ faults: {}, latency: each.latency, limits: each.limits }));
  plan(endAt - at, perMs * each.share, endAt);
  plan(WELL_WITHIN_MS, perMs * each.share, endAt);
  plan(WATCHED_MS, perMs * each.share, endAt, WATCHED_CALLS);
  if (trace) {
    const tell = (): void => {
      trace(`${(clock.now() / 1_000).toFixed(0)} s: ${stateOf(guard)}`);
      if (clock.now() < at) clock.after(1_000, tell);
    };
    clock.after(0, tell);
  }
  const latest = at + 60_000;
  let isOver = false;
  clock.after(latest, () => (isOver = true));
  await clock.run(() => isOver || (clock.now() > at && open === 0));
  await guard.close();

  judge(each, calls);
  const watched = calls.filter(({ atMs }) => atMs >= WELL_WITHIN_MS);
  return { watched, lost: watched.filter((made) => made.error !== undefined && couldBeServed(each, made)) };
}

/**
 * Effects that outlast the disturbance: a provider has asked to wait, or closed the lane; a limit was stated and no
 * answer has replaced it; and in order of arrival, patient callers precede impatient ones.
 */
function aftermathMs(each: Recovery, { faults, factor, seconds }: Phase): number {
  const { callsPerMinute, latency, patience, patienceMs, share } = each;
  const [least, most] = patienceMs;
  const askedMs = 1_000 * (faults.retryAfterSeconds ?? 0);
  // A closed lane is probed ever more rarely, at intervals of at most the time for which it has been closed.
  const closedMs = CLOSING.some((kind) => faults.rates?.[kind]) ? 2_000 + Math.min(60, seconds) * 1_000 : 0;
  const toldMs = factor === undefined ? 0 : 60_000 / (callsPerMinute * factor) + 2 * answerMs(latency);
  return askedMs + closedMs + toldMs + (patience === 'signal' || most > least ? most / (1 - share) : 0);
}

function answerMs({ baseMs, perTokenMs }: Recovery['latency']): number {
  return baseMs + REPLY_TOKENS * perTokenMs;
}

/** A bucket that is empty at the end of the disturbance, and calls in order. */
function judge({ callsPerMinute, bucketSeconds }: Recovery, calls: readonly Made[]): void {
  const perMs = callsPerMinute / 60_000;
  const capacity = Math.max(1, perMs * 1_000 * bucketSeconds);
  let level = 0;
  let at = 0;
  for (const made of calls) {
    if (made.atMs < 0) continue;
    level = Math.min(capacity, level + (made.atMs - at) * perMs) - 1;
    at = made.atMs;
    made.idealWaitMs = Math.max(0, -level / perMs);
  }
}

/**
 * Whether there was time for twice the necessary wait, and for a refusal, which is how the size of an unstated short
 * bucket is found.
 */
function couldBeServed({ latency, simulator, callsPerMinute }: Recovery, { patienceMs, idealWaitMs }: Made): boolean {
  const longestMs = (1 + latency.jitter) * answerMs(latency) + 100;
  const windowMs = simulator.limiter === 'bucket' ? 0 : 1_000 * (simulator.bucketSeconds as number);
  const refusalMs = 500 + (2 * 60_000) / callsPerMinute;
  return 2 * (idealWaitMs + windowMs) + refusalMs + longestMs < 0.9 * patienceMs;
}

function scaled(limits: SimulatorLimits, factor = 1): SimulatorLimits {
  return Object.fromEntries(Object.entries(limits).map(([name, limit]) => [name, Math.max(1, limit * factor)]));
}

/** The reasons for which the lane holds its calls back. */
function stateOf(guard: GuardCore): string {
  return guard
    .snapshot()
    .map(({ circuit, queued, inFlight, pausedForMs, dimensions }) => {
      const limits = dimensions.map(
        ({ dimension, remaining, limit, ratePerSecond, beliefs = [] }) =>
          `${dimension} ${remaining?.toFixed(1)} of ${limit?.toFixed(1)} at ${ratePerSecond?.toFixed(2)} ${beliefs.join()}`,
      );
      return `${circuit}, ${queued} queued, ${inFlight} in flight, pause ${pausedForMs.toFixed(0)}; ${limits.join('; ')}`;
    })
    .join(' | ');
}

function nameOf(error: unknown): string {
  if (isTidegateError(error)) return `${error.code} ${error.message}`;
  return error instanceof Error ? `${error.name} ${error.message}` : String(error);
}

let keys = 0;

/** One call by the newest SDK, read to its end. */
function sender(
  { provider, stream, seed }: Recovery,
  guard: GuardCore,
  fetch: typeof globalThis.fetch,
): (signal: AbortSignal | undefined) => Promise<void> {
  const prompts: Random = mulberry32(seed + 3);
  const access = { apiKey: `key-${keys++}`, fetch, timeout: 3_600_000, logLevel: 'off' as const };
  const chat = (): { model: string; messages: { role: 'user'; content: string }[] } => ({
    model: 'model',
    messages: [{ role: 'user', content: `Is this spam? ${Math.floor(prompts() * 1e9)} ${'word '.repeat(12)}` }],
  });
  if (provider === 'anthropic') {
    const client = guard.wrap(new Anthropic(access));
    return async (signal) => {
      const body = { ...chat(), max_tokens: MAX_TOKENS };
      if (!stream) await client.messages.create(body, { signal });
      else for await (const event of await client.messages.create({ ...body, stream: true }, { signal })) void event;
    };
  }
  // Both have the same calls for one form.
  const client = guard.wrap(provider === 'groq' ? new Groq(access) : new OpenAI(access)) as OpenAI;
  return async (signal) => {
    const body = { ...chat(), max_completion_tokens: MAX_TOKENS };
    if (!stream) await client.chat.completions.create(body, { signal });
    else
      for await (const chunk of await client.chat.completions.create({ ...body, stream: true }, { signal })) void chunk;
  };
}
