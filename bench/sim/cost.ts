/** The cost of the lane itself: `node --expose-gc bench/sim/cost.ts`. Real time; nothing is sent. */
import type { AdmissionRequest } from '../../src/core/admission.ts';
import { systemClock } from '../../src/core/clock.ts';
import type { LimitReading } from '../../src/core/outcome.ts';
import { resolveOptions } from '../../src/options.ts';
import { createAdmission } from '../../src/pacing/queue/lane-queue.ts';
import { adapterFor } from '../../src/providers/registry.ts';

const DEPTHS = [1_000, 10_000, 100_000] as const;
const CALLS = 200_000;
const ROUNDS = 5;
const READINGS: readonly LimitReading[] = [
  { dimension: 'requests', limit: 1e9, remaining: 1e9, windowMs: 60_000, source: 'header' },
  { dimension: 'tokens', limit: 1e12, remaining: 1e12, windowMs: 60_000, source: 'header' },
];

function lane(maxConcurrent: number): ReturnType<typeof createAdmission> {
  return createAdmission({
    maxLimitWaitMs: 120_000,
    clock: systemClock,
    random: Math.random,
    pacing: resolveOptions().pacing,
    maxConcurrent,
    maxQueued: Infinity,
    gate: { openUntil: () => 0, maxInFlight: () => Infinity, maxWaitMs: 0 },
    charge: adapterFor('openai').charge,
    listener: { onPause: () => undefined, onLimit: () => undefined, onBelief: () => undefined },
  });
}

const OWNER = {};

function request(over: Partial<AdmissionRequest> = {}): AdmissionRequest {
  return {
    place: undefined,
    refusals: 0,
    info: { operation: 'chat', model: 'model', stream: false, maxOutputTokens: 500, inputBytes: 3_000, attributes: {} },
    priority: 'normal',
    tenant: undefined,
    signal: undefined,
    owner: OWNER,
    deadlineAt: Infinity,
    ...over,
  };
}

const usage = { inputTokens: 700, outputTokens: 200, cacheReadTokens: 0, cacheWriteTokens: 0, reasoningTokens: 0 };

async function uncontended(calls: number): Promise<number> {
  const admission = lane(10);
  const asked = request();
  const startedAt = performance.now();
  for (let call = 0; call < calls; call++) {
    const ticket = await admission.acquire(asked);
    ticket.onHead(READINGS, 200);
    ticket.settle({ outcome: 'ok', usage });
    ticket.release();
  }
  return ((performance.now() - startedAt) * 1_000) / calls;
}

/** Microseconds per call, and heap bytes per queued call, including request, promise and signal listener. */
interface QueueCost {
  readonly bytes: number;
  readonly enqueue: number;
  readonly cancel: number;
  readonly dispatch: number;
}

type Tenants = 'one tenant' | 'a tenant each';

async function queued(count: number, tenants: Tenants): Promise<QueueCost> {
  const admission = lane(1);
  const running = await admission.acquire(request());
  running.onHead(READINGS, 200);
  const signals = Array.from({ length: count }, () => new AbortController());
  globalThis.gc?.();
  const before = process.memoryUsage().heapUsed;
  const enqueuedAt = performance.now();
  const waits = signals.map(({ signal }, index) =>
    Promise.resolve(
      admission.acquire(
        request({
          signal,
          deadlineAt: enqueuedAt + 1e9 + index,
          tenant: tenants === 'one tenant' ? undefined : String(index),
        }),
      ),
    ).then(
      (ticket) => {
        ticket.settle({ outcome: 'ok', usage });
        ticket.release();
      },
      () => undefined,
    ),
  );
  const enqueued = performance.now() - enqueuedAt;
  globalThis.gc?.();
  const bytes = process.memoryUsage().heapUsed - before;
  const cancelledAt = performance.now();
  for (let index = 1; index < count; index += 2) signals[index]!.abort();
  const cancelled = performance.now() - cancelledAt;
  const dispatchedAt = performance.now();
  running.settle({ outcome: 'ok', usage });
  running.release();
  await Promise.all(waits);
  const dispatched = performance.now() - dispatchedAt;
  admission.close();
  return {
    bytes: bytes / count,
    enqueue: (enqueued * 1_000) / count,
    cancel: (cancelled * 2_000) / count,
    dispatch: (dispatched * 2_000) / count,
  };
}

/** The median of several queues, so that no single collection decides the result. */
async function median(count: number, tenants: Tenants): Promise<QueueCost> {
  const runs: QueueCost[] = [];
  for (let run = 0; run < ROUNDS; run++) runs.push(await queued(count, tenants));
  const of = (name: keyof QueueCost): number => runs.map((each) => each[name]).toSorted((a, b) => a - b)[ROUNDS >> 1]!;
  return { bytes: of('bytes'), enqueue: of('enqueue'), cancel: of('cancel'), dispatch: of('dispatch') };
}

await uncontended(CALLS);
console.log(`uncontended: ${(await uncontended(CALLS)).toFixed(2)} us a call (acquire, head, settle, release)`);
// Until the code is compiled.
for (let run = 0; run < ROUNDS; run++) await queued(DEPTHS[1], 'one tenant');
console.log('  queued  bytes a call  enqueue us  cancel us  dispatch us   (and times the cost at the first depth)');
for (const tenants of ['one tenant', 'a tenant each'] as const) {
  let first: QueueCost | undefined;
  for (const count of DEPTHS) {
    const cost = await median(count, tenants);
    first ??= cost;
    const cell = (name: 'enqueue' | 'cancel' | 'dispatch'): string =>
      `${cost[name].toFixed(2)} (${(cost[name] / first![name]).toFixed(1)}x)`.padStart(13);
    const cells = `${cell('enqueue')}${cell('cancel')}${cell('dispatch')}`;
    console.log(`${String(count).padStart(8)}  ${cost.bytes.toFixed(0).padStart(12)}${cells}  ${tenants}`);
  }
}
