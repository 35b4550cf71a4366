/**
 * Checks that many calls through one guarded client leave nothing behind: the heap after a full collection
 * must not grow with the number of calls.
 *
 *     npm run bench:memory -- [--calls 100000] [--sdk openai]
 *
 * @module
 */
import { parseArgs } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import Table from 'cli-table3';
import { createGuard } from '../src/create-guard.ts';
import { createOtel } from './lib/otel.ts';
import { CONCURRENCY } from './lib/rounds.ts';
import { inMemory, type Subject, subjects } from './lib/subjects.ts';

const { values } = parseArgs({
  options: { calls: { type: 'string', default: '100000' }, sdk: { type: 'string' } },
});
const calls = Number(values.calls);
if (!Number.isInteger(calls) || calls < 1_000) {
  throw new Error(`Expected --calls to be a whole number from 1000, got ${values.calls}`);
}
const { gc } = globalThis;
if (typeof gc !== 'function') throw new Error('Run with node --expose-gc');

// Otherwise the engine discards unused code: megabytes, in which a leak would not show.
setFlagsFromString('--no-flush-bytecode');

/** More than this between a tenth of the calls and all of them is growth, not noise. */
const TOLERANCE_KB = 512;
const SHARES = [0.1, 0.5, 1] as const;

type Kind = 'call' | 'stream' | 'unread';

const otel = createOtel();
otel.register();

const table = new Table({
  head: ['heap in KB after', ...SHARES.map((share) => String(calls * share)), 'growth a call'],
  colAligns: ['left', 'right', 'right', 'right', 'right'],
  style: { head: [], border: [], compact: true },
});
let grown = false;
for (const subject of subjects(inMemory).filter(({ name }) => values.sdk === undefined || values.sdk === name)) {
  for (const kind of ['call', 'stream', 'unread'] as const) {
    const heaps = await heapsOf(subject, kind);
    const growth = heaps.at(-1)! - heaps[0]!;
    grown ||= growth > TOLERANCE_KB;
    const perCall = (growth * 1_024) / (calls * (1 - SHARES[0]));
    table.push([`${subject.name} ${kind}`, ...heaps.map((kb) => kb.toFixed(0)), `${perCall.toFixed(2)} B`]);
  }
}
console.log(table.toString());
await otel.shutdown();
if (grown) {
  console.error(`The heap grew by more than ${TOLERANCE_KB} KB.`);
  process.exitCode = 1;
}

async function heapsOf(subject: Subject, kind: Kind): Promise<number[]> {
  const guard = createGuard({ bulkhead: { maxConcurrent: 10_000 } });
  const client = guard.wrap(subject.client('memory'));
  const heaps: number[] = [];
  let done = 0;
  for (const share of SHARES) {
    for (; done < calls * share; done += CONCURRENCY) {
      await Promise.all(Array.from({ length: CONCURRENCY }, () => subject[kind](client)));
      await new Promise((resolve) => setImmediate(resolve));
      // Nothing else frees unread bodies: a collection has to find them before the lane is full.
      if (kind === 'unread' && done % 4_000 === 0) await collect();
    }
    heaps.push(await collect());
  }
  const [lane] = guard.snapshot();
  if (!lane || lane.inFlight > 0 || lane.counts.attempts < calls) {
    throw new Error(`Expected ${calls} calls and none in flight, got ${JSON.stringify(lane)}`);
  }
  await guard.close();
  return heaps;
}

/** Heap in KB after finalizers have run and what they freed is collected too. */
async function collect(): Promise<number> {
  await otel.flush();
  for (let round = 0; round < 4; round++) {
    await gc!({ type: 'major', execution: 'async' });
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  return process.memoryUsage().heapUsed / 1_024;
}
