import { beforeAll, describe, expect, it } from 'vitest';
import type { GuardCore } from '../../src/guard.ts';
import { guardClass } from '../../src/providers/seam/guarded-class.ts';
import { testGuard } from '../helpers/guarded.ts';
import { eventsOf } from '../helpers/record-events.ts';
import { type Answer, type ScriptedServer, scriptedServer, sendJson } from '../helpers/scripted-server.ts';
import type { SdkCase } from '../helpers/sdk-matrix.ts';
import { SocketClock } from '../helpers/socket-clock.ts';
import { sdkFor, sendEncoded } from '../helpers/refusal-answers.ts';
import { postTo } from '../helpers/ways.ts';
import { SAMPLE_FILES } from '../providers/samples/all.ts';
import { type Holds, NOW, type Sample } from '../providers/samples/sample.ts';

/** A request with all kinds of content that have limits of their own. */
const RICH = {
  messages: [{ role: 'user', content: [{ type: 'image_url' }, { type: 'image' }, { type: 'input_audio' }] }],
  tools: [{ type: 'web_search_20250305' }, { type: 'image_generation' }, { type: 'code_interpreter' }],
};

type Ask = (body?: object) => Promise<unknown>;
type Way = (guard: GuardCore, sdk: SdkCase, url: string, key: string) => Ask;

const dropIn: Way = (guard, sdk, url, key) => {
  const Guarded = guardClass(sdk.Client, (client) => void guard.wrap(client));
  const client = new Guarded({ apiKey: key, baseURL: url }) as never;
  return async (body) => sdk.create(client, {}, body) as unknown;
};

const fetched: Way = (guard, sdk, url, key) => async (body) => {
  const response = await postTo(guard, sdk, url, key, body ?? {});
  if (!response.ok) throw new Error(String(response.status));
  return response.json();
};

interface Observed {
  readonly sends: number;
  readonly holds: Holds;
  readonly waitedMs: number;
  readonly guard: ReturnType<typeof testGuard>;
}

let nextKey = 1;
const MAX_TURNS = 5;

/** Refuses the first call `times` times, then lets a plain one come; returns what is sent, and which calls wait. */
async function observe(way: Way, sdk: SdkCase, refusal: Answer, times: 1 | 2): Promise<Observed> {
  const clock = new SocketClock(NOW);
  const guard = testGuard({ retry: { initialDelayMs: 300, maxDelayMs: 300 } }, { clock });
  const server: ScriptedServer = await scriptedServer(...Array<Answer>(times).fill(refusal), sendJson(sdk.completion));
  const ask = way(guard, sdk, server.url, `refused-${nextKey++}`);
  const startedAt = clock.now();
  let endedAt = 0;
  const first = ask(RICH)
    .catch(() => undefined)
    .finally(() => {
      endedAt = clock.now();
    });
  const failed = new Promise<void>((resolve) => void guard.on('attempt.end', () => resolve()));
  await failed;
  // The refusal is settled in the turns after its event.
  await new Promise((resolve) => setImmediate(resolve));
  const before = server.requests.length;
  const isUnsettled = (): boolean =>
    eventsOf(guard.events, 'attempt.start').length === 1 && guard.snapshot().some(({ inFlight }) => inFlight > 0);
  for (let turn = 0; turn < MAX_TURNS && isUnsettled(); turn++) await new Promise((resolve) => setImmediate(resolve));
  // A single refusal fails no other call: a second one tries.
  if (times === 2) await ask().catch(() => undefined);
  const second = await ask().then(
    () => 'sent' as const,
    () => 'refused' as const,
  );
  await first;
  const heldMs = eventsOf(guard.events, 'admitted').find(({ call }) => call.id === 1 + times)?.waitedMs ?? 0;
  // By call: on a busy machine the timeout of the second one may pass before it is answered.
  const attempts = eventsOf(guard.events, 'attempt.start');
  const sends = attempts.filter(({ call }) => call.id === 1).length;
  const holds: Holds = second === 'refused' ? 'all, refused' : heldMs > 50 ? 'the model' : 'the call';
  expect(before).toBe(1);
  expect(server.requests.length).toBeLessThanOrEqual(attempts.length);
  return { sends, holds, waitedMs: endedAt - startedAt, guard };
}

const ROWS = SAMPLE_FILES.flatMap((file) =>
  file.samples.map((sample, index) => [`${file.title}: ${sample.name}`, file, sample, index] as const),
);

function answerOf({ status, headers, body }: Sample, variant: number): Answer {
  // Resets at a time are meant for then.
  return sendEncoded(body, status!, { date: new Date(NOW).toUTCString(), ...headers }, variant);
}

/** All samples concurrently, since most of their time is waiting. */
async function observeAll(way: Way): Promise<ReadonlyMap<Sample, Observed>> {
  const found = new Map<Sample, Observed>();
  const rows = [...ROWS];
  const worker = async (): Promise<void> => {
    for (let row = rows.shift(); row; row = rows.shift()) {
      const [, file, sample, variant] = row;
      const times = sample.holds === 'all, refused' ? 2 : 1;
      found.set(sample, await observe(way, sdkFor(file), answerOf(sample, variant), times));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return found;
}

const AT_ONCE = 12;

describe.each([
  ['the drop-in', dropIn],
  ['guarded fetch', fetched],
])('over HTTP, by %s', (_name, way) => {
  let observed: ReadonlyMap<Sample, Observed>;
  beforeAll(async () => {
    observed = await observeAll(way);
  });

  it.each(ROWS)('%s', (_row, _file, sample) => {
    const { sends, holds, waitedMs, guard } = observed.get(sample)!;
    const [first] = eventsOf(guard.events, 'attempt.end');
    expect(first).toMatchObject({ outcome: sample.outcome, status: sample.status });
    const [refused] = eventsOf(guard.events, 'rate_limited');
    const named = sample.noCapacity ? 'no_capacity' : sample.dimension;
    if (sample.outcome === 'throttled') expect(refused).toMatchObject({ dimension: named });
    if (sample.noCapacity) expect(refused).toMatchObject({ dimension: named });
    expect(sends).toBe(sample.sends);
    // The next call is small, and waits for its share of the limit if at all.
    if (sample.holds === 'what does not fit') {
      expect(holds).not.toBe('all, refused');
      return;
    }
    expect({ sends, holds }).toEqual({
      sends: sample.sends,
      holds: sample.holds === 'its content' ? 'the call' : sample.holds,
    });
    if (sample.sends === 2 && sample.waitMs !== undefined) expect(waitedMs).toBeGreaterThanOrEqual(sample.waitMs);
  });
});
