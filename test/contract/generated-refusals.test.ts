import { describe, expect, it } from 'vitest';
import type { ErrorDetails } from '../../src/index.ts';
import type { GuardEvent } from '../../src/core/events.ts';
import { guardClass } from '../../src/providers/seam/guarded-class.ts';
import { SseScanner } from '../../src/providers/apis/sse-scanner.ts';
import { testGuard } from '../helpers/guarded.ts';
import { sdkFor, sendEncoded, sendEncodedEvents } from '../helpers/refusal-answers.ts';
import { type Answer, scriptedServer, sendEvents, sendJson } from '../helpers/scripted-server.ts';
import type { SdkCase } from '../helpers/sdk-matrix.ts';
import { SocketClock } from '../helpers/socket-clock.ts';
import { postTo } from '../helpers/ways.ts';
import { type Case, caseOf } from '../providers/refusals/cases.ts';
import { NOW } from '../providers/samples/sample.ts';
import { callsEnded } from '../helpers/record-events.ts';

/** Another part of the cases: `REFUSALS_FROM=40000 REFUSALS_COUNT=5000`. */
const FROM = Number(process.env['REFUSALS_FROM'] ?? 20_000);
const COUNT = Number(process.env['REFUSALS_COUNT'] ?? 300);
const AT_ONCE = 8;
/** The default maximum of a server's hint. */
const MAX_HINT_MS = 120_000;

/** A case with its way of guarding, as a stream or not. */
interface Trip extends Case {
  readonly sdk: SdkCase;
  readonly way: 'drop-in' | 'fetch';
  readonly streamed: boolean;
}

function tripOf(seed: number): Trip {
  const each = caseOf(seed);
  const events = each.position === 'first event' || each.position === 'later event';
  return {
    ...each,
    sdk: sdkFor({ adapter: each.provider }),
    way: seed % 2 === 0 ? 'drop-in' : 'fetch',
    streamed: events || seed % 4 < 2,
  };
}

function refusalOf({ seed, sdk, position, status, headers, body, streamed }: Trip): Answer {
  const error = `${sdk.family === 'anthropic' ? 'event: error\n' : ''}data: ${JSON.stringify(body)}\n\n`;
  switch (position) {
    case 'error response':
      return sendEncoded(body, Math.max(status, 400), headers, seed);
    case 'inside a 200': {
      const emptied = { ...sdk.completion, choices: [], content: [] };
      return sendEncoded({ ...(streamed ? {} : emptied), ...(body as object) }, 200, {}, seed);
    }
    case 'first event':
      return sendEncodedEvents([': keep-alive\n\n', error], seed);
    case 'later event':
      return sendEncodedEvents([...sdk.chunks.slice(0, -3), error], seed);
  }
}

interface Seen {
  readonly sends: number;
  readonly outcome: string | undefined;
  readonly dimension: string | undefined;
  /** From the end of the refused attempt to the next one. */
  readonly waitedMs: number | undefined;
  readonly details: ErrorDetails | undefined;
  readonly calls: readonly string[];
}

let nextKey = 1;

/** One call that is refused first and answered then. */
async function take(trip: Trip): Promise<Seen> {
  const { sdk, way, streamed } = trip;
  const clock = new SocketClock(NOW);
  const guard = testGuard({ retry: { initialDelayMs: 20, maxDelayMs: 20 } }, { clock });
  const good = streamed ? sendEvents(sdk.chunks) : sendJson(sdk.completion);
  const server = await scriptedServer(refusalOf(trip), good);
  const times: [GuardEvent['type'], number][] = [];
  guard.on('attempt.end', () => times.push(['attempt.end', clock.now()]));
  guard.on('attempt.start', () => times.push(['attempt.start', clock.now()]));
  const key = `generated-${nextKey++}`;
  const ask = way === 'drop-in' ? dropIn : fetched;
  const thrown = await ask(guard, trip, server.url, key).then(
    () => undefined,
    (error: unknown) => error,
  );
  await callsEnded(guard);
  const { events } = guard;
  const first = events.find((event) => event.type === 'attempt.end');
  const refused = events.find((event) => event.type === 'rate_limited');
  const [, end, next] = times;
  return {
    sends: server.requests.length,
    outcome: first?.outcome,
    dimension: refused?.dimension,
    waitedMs: end && next ? next[1] - end[1] : undefined,
    details: (thrown as { tidegate?: ErrorDetails } | undefined)?.tidegate,
    calls: events.flatMap((event) => (event.type === 'call.end' ? [event.outcome] : [])),
  };
}

type Ask = (guard: ReturnType<typeof testGuard>, trip: Trip, url: string, key: string) => Promise<void>;

const dropIn: Ask = async (guard, { sdk, streamed }, url, key) => {
  const Guarded = guardClass(sdk.Client, (client) => void guard.wrap(client));
  const client = new Guarded({ apiKey: key, baseURL: url }) as never;
  if (!streamed) {
    await sdk.create(client);
    return;
  }
  for await (const _ of await sdk.stream(client));
};

const fetched: Ask = async (guard, { sdk, streamed }, url, key) => {
  const response = await postTo(guard, sdk, url, key, { stream: streamed });
  const scanner = new SseScanner(() => undefined);
  for await (const chunk of response.body!) scanner.push(chunk);
};

/** Differences from the intended meaning; empty if there are none. */
function faultsOf(trip: Trip, seen: Seen): string[] {
  const { expected, position, meaning } = trip;
  const { outcome, dimension, hintMs, noCapacity, limit } = expected;
  const found: string[] = [];
  const check = (what: string, is: unknown, meant: unknown): void => {
    if (is !== meant) found.push(`${what} ${String(is)}, meant ${String(meant)}`);
  };
  const named = noCapacity ? 'no_capacity' : outcome === 'overloaded' ? 'overloaded' : dimension;
  // When a limit per day has room is calculated from its numbers.
  const byNumbers = meaning.named.window === 'day' && limit !== undefined && hintMs === undefined;
  const retried = (outcome === 'throttled' || outcome === 'overloaded') && (hintMs ?? 0) <= MAX_HINT_MS;
  if (position === 'later event') {
    // Delivered content cannot be taken back: the reader gets the error, and the call has failed.
    check('requests', seen.sends, 1);
    check('attempt', seen.outcome, 'ok');
    check('call', seen.calls.join(), outcome === 'too_large' ? 'client_error' : 'retries_exhausted');
    if (trip.way === 'fetch') return found;
    check('outcome', seen.details?.outcome, outcome);
    check('dimension', seen.details?.dimension, outcome === 'quota_exhausted' ? 'quota' : dimension);
    if (limit !== undefined) check('limit', seen.details?.limit, limit);
    return found;
  }
  check('outcome', seen.outcome, outcome);
  if (named !== undefined && outcome !== 'too_large') check('dimension', seen.dimension, named);
  if (!byNumbers) {
    check('requests', seen.sends, retried ? 2 : 1);
    check('call', seen.calls.join(), retried ? 'success_after_retry' : endOf(outcome));
  }
  if (retried && hintMs !== undefined && (seen.waitedMs ?? 0) < Math.floor(hintMs)) {
    found.push(`waited ${seen.waitedMs}, meant ${hintMs}`);
  }
  if (retried && hintMs === undefined && outcome === 'overloaded' && (seen.waitedMs ?? 0) > 1_500) {
    found.push(`waited ${seen.waitedMs} for nothing`);
  }
  const thrown = trip.way === 'drop-in' && !retried && position === 'error response';
  if (thrown && limit !== undefined) check('limit', seen.details?.limit, meaning.limit);
  return found;
}

const endOf = (outcome: string | undefined): string => (outcome === 'too_large' ? 'client_error' : 'retries_exhausted');

describe('generated refusals over HTTP', () => {
  it(`have the expected outcome (${COUNT}, by seed)`, { timeout: 60_000 + COUNT * 400 }, async () => {
    const found: string[] = [];
    const drawn = new Set<string>();
    let next = FROM;
    const worker = async (): Promise<void> => {
      while (next < FROM + COUNT) {
        const trip = tripOf(next++);
        const { seed, position, way, streamed } = trip;
        drawn.add(`${position} ${way} ${streamed}`);
        for (const fault of faultsOf(trip, await take(trip))) {
          found.push(`seed ${seed} (${position}, ${way}, ${streamed ? 'streamed' : 'whole'}): ${fault}`);
        }
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
    expect(found.slice(0, 20)).toEqual([]);
    // Every position occurred in every way, so that this test can fail.
    if (COUNT >= 100) expect(drawn.size).toBe(12);
  });
});
