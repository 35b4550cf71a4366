import { AsyncLocalStorage } from 'node:async_hooks';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { CallInfo } from '../../src/core/events.ts';
import { GuardCore } from '../../src/guard.ts';
import { mulberry32, type Random } from '../../src/simulator/random.ts';
import type { AnyClient, SdkCase } from '../helpers/sdk-matrix.ts';
import { type Answer, hostileServer, pick } from './hostile-server.ts';

/** Requested calls and their results. */
export interface Figures {
  readonly calls: number;
  readonly succeeded: number;
  readonly failed: number;
  readonly aborted: number;
  /** Calls that returned neither the whole answer, a beginning of it, nor an error. */
  readonly wrong: readonly string[];
  /** Calls that never ended, or whose end the guard did not report. */
  readonly lost: number;
  /** Calls with more requests at the server than attempts reported by the guard. */
  readonly duplicates: number;
  /** Calls that were retried more often than allowed, not counting refusals by a limit. */
  readonly overrun: number;
  /** From the start of each call to its end. */
  readonly settledMs: readonly number[];
  /** From each abort to the end of its call. */
  readonly abortsMs: readonly number[];
  /** Longest block of the event loop, including the SDK and the server. */
  readonly blockedMs: number;
  readonly unhandled: number;
  readonly inFlight: number;
  readonly queued: number;
  readonly openBodies: number;
  /** Increase of timers. */
  readonly timers: number;
}

/** Violations, by name. */
export function faultsOf(figures: Figures): string[] {
  const { wrong, lost, duplicates, overrun, unhandled, inFlight, queued, openBodies, timers } = figures;
  const faults = { wrong: wrong.length, lost, duplicates, overrun, unhandled, inFlight, queued, openBodies, timers };
  return Object.entries(faults).flatMap(([name, count]) => (count === 0 ? [] : [`${name} ${count}`]));
}

export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}

const timersOfProcess = (): number => process.getActiveResourcesInfo().filter((each) => each === 'Timeout').length;

/** No call takes longer: its deadline, and time for a slow machine. */
const LOST_AFTER_MS = 20_000;

const MAX_ATTEMPTS = 4;

const STATUS: readonly [number, string, Record<string, string>][] = [
  [429, 'rate_limit_exceeded', { 'retry-after-ms': '5' }],
  [429, 'tokens', {}],
  [500, 'server_error', {}],
  [503, 'overloaded', { 'retry-after': '0' }],
  [529, 'overloaded_error', {}],
  [400, 'bad_request', {}],
  [401, 'invalid_api_key', {}],
];

/** Timeout of an attempt, which one in six reaches. */
const ATTEMPT_MS = 400;

/**
 * Sends calls to a provider that corrupts its answers, from an application that aborts and has failing listeners. By
 * seed.
 *
 * @param timersNow counts the timers that keep the process alive
 */
export async function attack(sdk: SdkCase, seed: number, calls: number, timersNow = timersOfProcess): Promise<Figures> {
  const random = mulberry32(seed);
  const timersBefore = timersNow();
  const server = await hostileServer(random, (request) => answer(sdk, random, request.includes('"stream":true')));
  const options = {
    retry: { maxAttempts: MAX_ATTEMPTS, initialDelayMs: 1, maxDelayMs: 5 },
    breaker: false,
    pacing: false,
    deadlineMs: 3_000,
  };
  const guard = new GuardCore(options as object);
  let begun = 0;
  let told = 0;
  guard.on('call.start', () => void begun++);
  guard.on('call.end', () => void told++);
  const sent = countAttempts(guard);
  badListeners(guard, random);
  const client = guard.wrap(
    new sdk.Client({ apiKey: `sk-chaos-${seed}`, baseURL: server.url, timeout: ATTEMPT_MS, logLevel: 'off' }) as object,
  ) as AnyClient;
  const tally = { succeeded: 0, failed: 0, aborted: 0, wrong: [] as string[], unhandled: 0, lost: 0 };
  const times = { settledMs: [] as number[], abortsMs: [] as number[] };
  const note = (): void => void tally.unhandled++;
  process.on('unhandledRejection', note);
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  for (let from = 0; from < calls; from += 50) {
    const batch = Array.from({ length: Math.min(50, calls - from) }, (_, index) =>
      withinTime(
        currentCall.run(`call-${from + index}`, () => one(sdk, client, random, server.garbled, { ...times, tally })),
        () => void tally.lost++,
      ),
    );
    await Promise.all(batch);
  }
  delay.disable();
  await new Promise((resolve) => setTimeout(resolve, 20));
  process.off('unhandledRejection', note);
  const [lane] = guard.snapshot();
  const openBodies = guard.watch.size;
  await guard.close();
  await server.close();
  return {
    calls,
    ...tally,
    ...times,
    lost: tally.lost + Math.abs(begun - told),
    duplicates: [...server.requests].filter(([call, count]) => count > (sent.get(call)?.attempts ?? 0)).length,
    overrun: [...sent.values()].filter(({ attempts, waits }) => attempts - waits > MAX_ATTEMPTS).length,
    blockedMs: delay.max / 1e6,
    inFlight: lane?.inFlight ?? 0,
    queued: lane?.queued ?? 0,
    openBodies,
    timers: Math.max(0, timersNow() - timersBefore),
  };
}

const currentCall = new AsyncLocalStorage<string>();

interface Sent {
  attempts: number;
  /** Attempts that follow a refusal by a limit. */
  waits: number;
}

/** What the guard reports for each call, by the key that it is sent with. */
function countAttempts(guard: GuardCore): ReadonlyMap<string, Readonly<Sent>> {
  const sent = new Map<string, Sent>();
  const keys = new WeakMap<CallInfo, string>();
  const sentOf = (call: CallInfo): Sent => sent.get(keys.get(call)!)!;
  guard.on('call.start', ({ call }) => {
    const key = currentCall.getStore()!;
    keys.set(call, key);
    sent.set(key, { attempts: 0, waits: 0 });
  });
  guard.on('attempt.start', ({ call }) => void sentOf(call).attempts++);
  guard.on('retry', ({ call, reason }) => {
    if (reason === 'rate_limit') sentOf(call).waits++;
  });
  return sent;
}

interface Notes {
  readonly tally: Record<'succeeded' | 'failed' | 'aborted', number> & { readonly wrong: string[] };
  readonly settledMs: number[];
  readonly abortsMs: number[];
}

async function withinTime(call: Promise<void>, onLost: () => void): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(() => {
      onLost();
      resolve();
    }, LOST_AFTER_MS);
  });
  await Promise.race([call, late]);
  clearTimeout(timer);
}

async function one(
  sdk: SdkCase,
  client: AnyClient,
  random: Random,
  garbled: ReadonlySet<string>,
  { tally, settledMs, abortsMs }: Notes,
): Promise<void> {
  const call = currentCall.getStore()!;
  const startedAt = performance.now();
  const controller = new AbortController();
  let abortedAt = Infinity;
  const timer =
    random() < 0.3
      ? setTimeout(() => {
          abortedAt = performance.now();
          controller.abort();
        }, random() * 60)
      : undefined;
  const streams = random() < 0.5;
  const request = { signal: controller.signal, headers: { 'x-call': call } };
  // Different prompts: equal ones look like those of a retry layer above.
  const body = { messages: [{ role: 'user', content: call }] };
  try {
    const text = streams ? await read(sdk, client, request, body) : sdk.text(await sdk.create(client, request, body));
    // A stream that was cut has delivered its beginning.
    const right = streams ? 'answer'.startsWith(text) : text === 'answer';
    if (!right && !garbled.has(call)) tally.wrong.push(text);
    tally.succeeded++;
  } catch (error) {
    if (!(error instanceof Error)) tally.wrong.push(String(error));
    if (abortedAt === Infinity) tally.failed++;
    else {
      tally.aborted++;
      abortsMs.push(performance.now() - abortedAt);
    }
  } finally {
    clearTimeout(timer);
    settledMs.push(performance.now() - startedAt);
  }
}

async function read(sdk: SdkCase, client: AnyClient, request: object, body: object): Promise<string> {
  let text = '';
  const stream: AsyncIterable<unknown> = await sdk.stream(client, request as Record<string, unknown>, body);
  for await (const chunk of stream) {
    text += sdk.chunkText(chunk);
  }
  return text;
}

function answer(sdk: SdkCase, random: Random, streams: boolean): Answer {
  if (random() < 0.25) {
    const [status, code, headers] = pick(random, STATUS);
    const lines = Object.entries(headers).map(([name, value]) => `\r\n${name}: ${value}`);
    const body = JSON.stringify({ error: { message: 'Not now.', type: code, code } });
    return { head: `HTTP/1.1 ${status} No\r\ncontent-type: application/json${lines.join('')}`, body };
  }
  return streams
    ? { head: 'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream', body: sdk.chunks.join('') }
    : { head: 'HTTP/1.1 200 OK\r\ncontent-type: application/json', body: JSON.stringify(sdk.completion) };
}

/** Listeners as careless applications write them. */
function badListeners(guard: GuardCore, random: Random): void {
  const careless = (): unknown => {
    if (random() < 0.5) throw new Error('listener');
    return Promise.reject(new Error('listener'));
  };
  for (const type of ['call.start', 'attempt.start', 'attempt.end', 'retry', 'call.end', 'stream.end'] as const) {
    guard.on(type, careless);
  }
}
