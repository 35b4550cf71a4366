import { describe, expect, it } from 'vitest';
import { GuardCore } from '../../src/guard.ts';
import { fakeFetch, json, type Reply } from '../helpers/fake-fetch.ts';
import { guardedClient } from '../helpers/guarded.ts';
import { SDKS } from '../helpers/sdk-matrix.ts';
import { VirtualClock } from '../helpers/virtual-clock.ts';

const openai = SDKS[0]!;

/** Requests per minute that the provider accepts, and its burst. */
const RPM = 240;
const ANSWER_MS = 300;

/** The provider's fault for half a minute; `undefined` if excess traffic is the disturbance. */
const DISTURBANCES = {
  'four times the limit': undefined,
  'errors at once': { status: 503, afterMs: 100 },
  'late errors': { status: 503, afterMs: 4_000 },
  'answers later than the deadline': { status: 200, afterMs: 8_000 },
  'no answer at all': { status: 200, afterMs: 10_000_000 },
} as const;

/** How callers limit their wait. */
type Patience = 'deadlineMs' | 'signal';

interface Result {
  readonly at: number;
  readonly ok: boolean;
}

type Disturbance = keyof typeof DISTURBANCES;

/** Half a minute of disturbance, then half a minute at half the limit; returns the results of the latter. */
async function afterwards(name: Disturbance, patience: Patience, patienceMs: number): Promise<readonly Result[]> {
  const clock = new VirtualClock();
  const guard = new GuardCore(patience === 'deadlineMs' ? { deadlineMs: patienceMs } : {}, {
    clock,
    random: () => 0.5,
  });
  let disturbance: { readonly status: number; readonly afterMs: number } | undefined;
  let level: number = RPM;
  let levelAt = clock.now();
  const answer: Reply = (request) => {
    level = Math.min(RPM, level + ((clock.now() - levelAt) * RPM) / 60_000);
    levelAt = clock.now();
    const refused = level < 1;
    if (!refused) level--;
    const headers = {
      'x-ratelimit-limit-requests': String(RPM),
      'x-ratelimit-remaining-requests': String(Math.floor(level)),
      'x-ratelimit-reset-requests': `${Math.ceil(((RPM - level) / RPM) * 60_000)}ms`,
    };
    const status = refused ? 429 : (disturbance?.status ?? 200);
    const body = status === 200 ? openai.completion : { error: { message: 'Not now', type: 'error' } };
    return new Promise((resolve) => {
      const afterMs = refused ? 50 : (disturbance?.afterMs ?? ANSWER_MS);
      clock.after(afterMs, () => resolve(json(body, status, headers)(request)));
    });
  };
  const client = guardedClient(openai, guard, fakeFetch(answer).fetch, { timeout: 3_600_000 });
  const results: Promise<Result>[] = [];
  const traffic = async (seconds: number, perSecond: number): Promise<void> => {
    for (let call = 0; call < seconds * perSecond; call++) {
      const at = clock.now();
      const options: { signal?: AbortSignal } = {};
      if (patience === 'signal') {
        const controller = new AbortController();
        clock.after(patienceMs, () => controller.abort());
        options.signal = controller.signal;
      }
      const end = (ok: boolean) => (): Result => ({ at, ok });
      results.push(openai.create(client, options).then(end(true), end(false)));
      await clock.advance(1_000 / perSecond);
    }
  };
  const limit = RPM / 60;
  disturbance = DISTURBANCES[name];
  await traffic(30, disturbance ? 1.5 * limit : 4 * limit);
  disturbance = undefined;
  const endedAt = clock.now();
  await traffic(30, limit / 2);
  await clock.advance(60_000);
  const all = await Promise.all(results);
  await guard.close();
  return all.filter(({ at }) => at >= endedAt).map(({ at, ok }) => ({ at: at - endedAt, ok }));
}

describe.for<[Patience, number]>([
  ['deadlineMs', 1_000],
  ['deadlineMs', 5_000],
  ['signal', 2_000],
])('callers that wait by %s of %d ms', ([patience, patienceMs]) => {
  it.for(Object.keys(DISTURBANCES) as Disturbance[])(
    'are all answered again within 10 s of the end of: %s',
    async (name) => {
      const results = await afterwards(name, patience, patienceMs);
      expect(results).toHaveLength(60);
      expect(results.filter(({ at, ok }) => at >= 10_000 && !ok)).toEqual([]);
    },
  );
});
