import { isDeepStrictEqual } from 'node:util';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { dropIn } from '../../src/drop-in.ts';
import { patchModule } from '../../src/register/patch-module.ts';
import { testGuard } from '../helpers/guarded.ts';
import { looks } from '../helpers/socket-clock.ts';
import { type AnyClient, SDKS, type SdkCase } from '../helpers/sdk-matrix.ts';
import { drawAnswer } from './differential/answers.ts';
import { Draw } from './differential/draw.ts';
import { drawRun, type Run } from './differential/runs.ts';
import { AnswerServer, type Wire } from './differential/wire.ts';

// TIDEGATE_FUZZ_SEED=5000 TIDEGATE_FUZZ_COUNT=20000 vitest run test/contract/differential.test.ts
const FIRST = Number(process.env['TIDEGATE_FUZZ_SEED'] ?? 1);
const COUNT = Number(process.env['TIDEGATE_FUZZ_COUNT'] ?? 1_000);
const AT_ONCE = 16;
/** A call that neither ended nor failed after everything had arrived. */
const HANGS_LOOKS = 100;
const APART_MS = 50;

let server: AnswerServer;

beforeAll(async () => {
  server = await AnswerServer.start();
  // The SDKs log events that are not JSON there.
  vi.spyOn(console, 'error').mockReturnValue();
});

afterAll(() => server.close());

/** Everything that an application can observe of one call, and the request that the provider sees. */
interface Seen {
  readonly notes: readonly unknown[];
  readonly error: unknown;
  readonly wire: readonly Wire[];
  /** The answer stalled and the application gave up. */
  readonly stalled: boolean;
}

const WAYS = ['drop-in', 'wrap', 'fetch', 'register'] as const;
type Way = (typeof WAYS)[number];

const guarded = SDKS.map(({ Client }) => dropIn(Client as never) as unknown as SdkCase['Client']);
const registered = SDKS.map(({ Client }) => {
  // A class of the test's own, so that the SDK's stays unchanged for the other ways.
  class Registered extends (Client as unknown as new (options: object) => Record<string, unknown>) {}
  // The class name is sent.
  Object.defineProperty(Registered, 'name', { value: Client.name });
  const makeRequest = (Client.prototype as Record<string, unknown>)['makeRequest']!;
  Object.defineProperty(Registered.prototype, 'makeRequest', { value: makeRequest, configurable: true });
  patchModule({ Registered });
  return Registered as unknown as SdkCase['Client'];
});

/** A client of an SDK version, guarded in one of the ways or not at all. */
function clientOf(at: number, way: Way | 'bare', options: Readonly<Record<string, unknown>>): AnyClient {
  const { Client } = SDKS[at]!;
  switch (way) {
    case 'bare':
      return new Client({ ...options });
    case 'drop-in':
      return new guarded[at]!({ ...options });
    case 'register':
      return new registered[at]!({ ...options });
    case 'wrap':
      return testGuard({}).wrap(new Client({ ...options }));
    case 'fetch':
      return new Client({ ...options, fetch: testGuard({ retry: { maxAttempts: 1 } }).fetch });
  }
}

/** The application's line, the same for both clients. */
async function application(run: Run, client: AnyClient, note: (seen: unknown) => void): Promise<void> {
  await run.go(client, note);
}

async function see(seed: number, who: 'bare' | 'guarded', way: Way): Promise<Seen> {
  const draw = new Draw(seed);
  const at = draw.whole(0, SDKS.length - 1);
  const sdk = SDKS[at]!;
  // The application gives up on an answer that stalls, once everything has arrived.
  const patience = new AbortController();
  const run = drawRun(draw, sdk, patience.signal);
  const answer = drawAnswer(draw, sdk, run.streamed);
  const name = `${who}-${seed}`;
  const wire = server.expect(name, answer, () => patience.abort());
  const options = { apiKey: `key-${seed}`, baseURL: `${server.url}/${name}`, maxRetries: 0 };
  const client = clientOf(at, who === 'bare' ? 'bare' : way, options);
  const notes: unknown[] = [];
  let error: unknown;
  const ended = new AbortController();
  const hangs = (async () => {
    for (let look = 0; look < HANGS_LOOKS && !ended.signal.aborted; look++) await looks(1, APART_MS);
    if (!ended.signal.aborted) notes.push('hangs');
  })();
  try {
    await Promise.race([application(run, client, (seen) => notes.push(seen)), hangs]);
  } catch (thrown) {
    error = describeError(thrown, sdk);
  } finally {
    ended.abort();
  }
  return { notes, error, wire, stalled: answer.end === 'stalls' };
}

function describeError(thrown: unknown, sdk: SdkCase): unknown {
  if (!(thrown instanceof Error)) return { thrown };
  const { name, message, cause, stack, constructor } = thrown;
  const { status, headers, requestID, request_id: requestId } = thrown as unknown as Record<string, unknown>;
  return {
    class: constructor.name,
    ofTheSdk: (sdk.Client as unknown as Record<string, unknown>)[constructor.name] === constructor,
    name,
    message,
    status,
    headers: headers instanceof Headers ? [...headers.entries()] : headers,
    requestId: requestID ?? requestId,
    own: Object.fromEntries(Object.entries(thrown).filter(([key]) => key !== 'headers' && key !== 'cause')),
    cause: cause instanceof Error ? [cause.constructor.name, cause.message, (cause as { code?: unknown }).code] : cause,
    frame: /\n\s+at (?:async )?.*(?:differential\.test|runs)\.ts:\d+/.exec(stack ?? '')?.[0],
  };
}

/** Intended differences, with reasons; anything else is a bug. */
const INTENDED: readonly { readonly why: string; readonly is: (bare: Seen, ours: Seen) => boolean }[] = [
  {
    why: 'Some bare SDKs never notice an abort that comes at a bad moment: there is nothing to compare with.',
    is: (bare) => bare.stalled && bare.notes.includes('hangs'),
  },
  {
    why: 'Events before the first content are held back for up to a second, and an application that aborts leaves them.',
    is: (bare, ours) =>
      ours.stalled &&
      isDeepStrictEqual([ours.wire, ours.error], [bare.wire, bare.error]) &&
      isDeepStrictEqual(
        ours.notes.filter((note) => !isPreamble(note)),
        bare.notes.filter((note) => !isPreamble(note)),
      ),
  },
  {
    why: 'Whether an abort meets the head of a refusal or its body, which has stalled, is chance: some are read before they are given.',
    is: (bare, ours) =>
      bare.stalled &&
      [bare.error, ours.error].every((error) => /was aborted/.test(JSON.stringify(error ?? ''))) &&
      isDeepStrictEqual([ours.wire, ours.notes], [bare.wire, bare.notes]),
  },
  {
    why: 'A ping that comes alone overtakes the beginning of an answer, which is held back.',
    is: (bare, ours) =>
      isDeepStrictEqual([ours.wire, ours.error], [bare.wire, bare.error]) &&
      ours.notes.length === bare.notes.length &&
      isDeepStrictEqual(
        ours.notes.filter((note) => !isPing(note)),
        bare.notes.filter((note) => !isPing(note)),
      ),
  },
  {
    why: 'An error with status 200 in place of a stream is thrown, as an error event is: it is no answer.',
    is: (bare, ours) => isErrorInPlaceOfStream(bare, ours),
  },
];

/** The bare SDKs take an error that is not an event for a stream without events. */
const isErrorInPlaceOfStream = (bare: Seen, ours: Seen): boolean =>
  bare.error === undefined &&
  JSON.stringify(ours.error ?? '').includes('"class":"APIError"') &&
  JSON.stringify(ours.error).includes('in a good answer') &&
  isDeepStrictEqual(ours.wire, bare.wire) &&
  bare.notes.slice(ours.notes.length).every((note) => ['', 'end', 'left'].includes(note as string));

/** An event without content. */
function isPreamble(note: unknown): boolean {
  const { type, choices } = Object(note) as { type?: unknown; choices?: { delta?: { content?: unknown } }[] };
  if (type === 'message_start' || type === 'ping' || choices?.length === 0) return true;
  return choices?.[0]?.delta?.content === '';
}

function isPing(note: unknown): boolean {
  const { type, event } = Object(note) as { type?: unknown; event?: unknown };
  return type === 'ping' || event === 'ping';
}

/** Differences between two views of one answer, as text; empty if there are none. */
function difference(bare: Seen, ours: Seen): string {
  const parts = (['notes', 'error', 'wire'] as const).filter((part) => !isDeepStrictEqual(ours[part], bare[part]));
  return parts
    .map((part) => `${part}\n  bare ${JSON.stringify(bare[part])}\n  ours ${JSON.stringify(ours[part])}`)
    .join('\n');
}

it(`treats ${COUNT} random answers as the bare SDKs do`, { timeout: 60_000 + COUNT * 100 }, async () => {
  const faults: string[] = [];
  let failed = 0;
  let next = FIRST;
  const worker = async (): Promise<void> => {
    while (next < FIRST + COUNT) {
      const seed = next++;
      const way = WAYS[seed % WAYS.length]!;
      const [bare, ours] = await Promise.all([see(seed, 'bare', way), see(seed, 'guarded', way)]);
      if (bare.error !== undefined) failed++;
      const found = difference(bare, ours);
      if (found && !INTENDED.some(({ is }) => is(bare, ours))) faults.push(`seed ${seed} (${way}): ${found}`);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  expect(faults.slice(0, 5).join('\n\n')).toBe('');
  if (COUNT < 100) return;
  // Both kinds of end occurred, so that this test can fail.
  expect(failed).toBeGreaterThan(COUNT / 10);
  expect(failed).toBeLessThan((COUNT * 9) / 10);
});
