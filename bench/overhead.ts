/**
 * CPU time that a guarded client adds to a call, against the bare SDK on an in-memory fetch or over HTTP; and costs that
 * do not depend on the machine: promises, bytes allocated, and bytes that survive a young collection, per call.
 *
 *     npm run bench:overhead -- [--sdk openai] [--mode call] [--http] [--rounds 15] [--calls 2400]
 *
 * On a busy machine, measure many short pieces (`--rounds 300 --calls 32`) and read the column `quiet`: it leaves out most
 * collections.
 *
 * @module
 */
import { parseArgs } from 'node:util';
import Table from 'cli-table3';
import { createGuard } from '../src/create-guard.ts';
import type { Guard } from '../src/guard.ts';
import { count, type Counts } from './lib/counts.ts';
import { openai6, openInference, otelInstrumentation } from './lib/instrumented.ts';
import { createOtel } from './lib/otel.ts';
import { compare, CONCURRENCY, measure, type Samples, type Variant } from './lib/rounds.ts';
import { startLoopback } from './lib/loopback-fetch.ts';
import { ANSWERS, inMemory, type Subject, subjects } from './lib/subjects.ts';

const { values } = parseArgs({
  options: {
    sdk: { type: 'string' },
    mode: { type: 'string' },
    rounds: { type: 'string', default: '15' },
    http: { type: 'boolean', default: false },
    calls: { type: 'string' },
  },
});
const rounds = readCount('rounds', values.rounds);
const callsAPiece = values.calls === undefined ? undefined : readCount('calls', values.calls);
if (callsAPiece !== undefined && callsAPiece % CONCURRENCY !== 0)
  throw new Error(`Expected --calls to be a multiple of ${CONCURRENCY}, got ${callsAPiece}`);

const otel = createOtel();
const guards: Guard[] = [];

/** Enough for several collections in each piece: they are part of the cost. */
const CALLS = { calls: 2_400, warmUp: 8_000 };
const STREAMS = { calls: 480, warmUp: 2_000 };

type Mode = 'call' | 'stream';

const fetchOf = values.http ? await startLoopback(ANSWERS) : inMemory;
const newest6 = openai6(fetchOf);
const rivals = new Map([
  ['openai', openInference(otel, fetchOf)],
  [newest6.name, otelInstrumentation(otel, fetchOf)],
]);

function readCount(name: string, text: string): number {
  const count = Number(text);
  if (!Number.isInteger(count) || count < 1)
    throw new Error(`Expected --${name} to be a whole number from 1, got ${text}`);
  return count;
}

/** The first one is the baseline of the others. */
function variantsOf(subject: Subject, mode: Mode): Variant[] {
  const registered = { before: () => otel.register(), after: () => otel.unregister() };
  const variant = (name: string, client: object, hooks: Pick<Variant, 'before' | 'after'> = {}): Variant => ({
    name,
    ...hooks,
    call: () => subject[mode](client),
  });
  const guarded = (account: string, telemetry?: false): object => {
    const guard = createGuard(telemetry === undefined ? {} : { telemetry });
    guards.push(guard);
    return guard.wrap(subject.client(account));
  };
  const rival = rivals.get(subject.name);
  return [
    variant('bare SDK', subject.client('bare')),
    variant('bare SDK, OpenTelemetry registered', subject.client('bare'), registered),
    variant('guarded, telemetry: false', guarded('off', false)),
    variant('guarded, no OpenTelemetry registered', guarded('idle')),
    variant('guarded, OpenTelemetry registered', guarded('on'), registered),
    ...(rival ? [variant(`${rival.name}, OpenTelemetry registered`, rival.client('bare'), registered)] : []),
  ];
}

function report(title: string, variants: readonly Variant[], samples: Samples, counts: readonly Counts[]): void {
  const table = new Table({
    head: [title, 'µs a call', 'above bare', 'quartiles', 'quiet', 'ratio', 'promises', 'kB', 'kept'],
    colAligns: ['left', ...Array<'right'>(8).fill('right')],
    style: { head: [], border: [], compact: true },
  });
  variants.forEach(({ name }, index) => {
    const { median, difference, low, high, quiet, ratio } = compare(samples, index, 0);
    table.push([
      name,
      median.toFixed(1),
      index === 0 ? '' : signed(difference),
      index === 0 ? '' : `${signed(low)} … ${signed(high)}`,
      index === 0 ? '' : signed(quiet),
      index === 0 ? '' : ratio.toFixed(2),
      counts[index]!.promises.toFixed(0),
      (counts[index]!.bytes / 1_000).toFixed(0),
      (counts[index]!.keptBytes / 1_000).toFixed(1),
    ]);
  });
  console.log(table.toString());
}

function signed(value: number): string {
  return `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(1)}`;
}

const way = values.http ? 'over HTTP' : 'in memory';
console.log(`node ${process.version}, ${way}, median of ${rounds} interleaved rounds, CPU of the whole process`);
for (const subject of [...subjects(fetchOf), newest6].filter(
  ({ name }) => values.sdk === undefined || values.sdk === name,
)) {
  for (const mode of ['call', 'stream'] as const) {
    if (values.mode !== undefined && values.mode !== mode) continue;
    const variants = variantsOf(subject, mode);
    const { calls, warmUp } = mode === 'call' ? CALLS : STREAMS;
    const samples = await measure(variants, { rounds, calls: callsAPiece ?? calls, warmUp });
    const counts: Counts[] = [];
    for (const variant of variants) counts.push(await count(variant));
    const events = mode === 'stream' ? ` of ${String(await variants[0]!.call())} events` : '';
    report(`${subject.name} ${mode}${events}`, variants, samples, counts);
  }
}
const waited = guards.flatMap((guard) => guard.snapshot()).filter(({ counts }) => counts.attempts !== counts.succeeded);
if (waited.length > 0) throw new Error(`Expected every call to succeed at once, got ${JSON.stringify(waited)}`);
if (otel.exported() === 0) throw new Error('Expected spans to be exported, got none');
console.log(`${otel.exported()} spans were exported`);
await Promise.all(guards.map((guard) => guard.close()));
await otel.shutdown();
