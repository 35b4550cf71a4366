import Table from 'cli-table3';
import { setTimeout as wait } from 'node:timers/promises';
import { createGuard } from '../src/index.ts';
import type { CircuitState } from '../src/index.ts';
import { startSimulator } from '../src/testing.ts';
import type { Simulator, SimulatorOptions } from '../src/testing.ts';
import { createClassifier } from './classifier.ts';
import type { Guarding } from './classifier.ts';
import type { Email } from './emails.ts';
import { trafficOf } from './meter.ts';
import { Tally } from './phase.ts';
import type { ProviderResult } from './phase.ts';
import { PLAIN } from './tables.ts';
import { laneState } from './witness.ts';

const CALLS = 60;
const CALLS_PER_SECOND = 10;
const OUTAGE = { fromMs: 400, untilMs: 5_000, kind: 'overloaded' } as const;

// A tier that the traffic does not fill: all failures are the provider's.
const PROVIDER: SimulatorOptions = {
  provider: 'anthropic',
  preset: 'build',
  reply: 'label',
  latency: { baseMs: 200, perTokenMs: 10 },
};
const MODEL = 'claude-haiku-4-5';

export interface OutageResult {
  readonly bare: ProviderResult;
  readonly guarded: ProviderResult;
  /** States that the circuit went through. */
  readonly circuit: readonly CircuitState[];
}

/** The same steady traffic through one outage, bare and guarded at the same time, with a provider each. */
export async function runOutage(emails: readonly Email[], say: (line: string) => void): Promise<OutageResult> {
  const simulators = await Promise.all([startSimulator(PROVIDER), startSimulator(PROVIDER)]);
  const guard = createGuard();
  try {
    const [forBare, forGuarded] = simulators;
    const startedAt = performance.now();
    const at = (): string => `${((performance.now() - startedAt) / 1_000).toFixed(1).padStart(5)} s`;
    const circuit: CircuitState[] = [];
    guard.on('circuit', ({ state }) => {
      circuit.push(state);
      say(`  ${at()}  circuit ${state.padEnd(9)}  ${laneState(guard.snapshot()[0])}`);
    });
    for (const simulator of simulators) simulator.update({ faults: { outage: OUTAGE } });
    const watch = new AbortController();
    const lines = announceOutage(say, at, watch.signal);
    const [bare, guarded] = await Promise.all([
      send(forBare, emails, (client) => client),
      send(forGuarded, emails, (client) => guard.wrap(client)),
    ]);
    watch.abort();
    await lines;
    say(`  ${at()}  every call has ended`);
    return { bare, guarded, circuit };
  } finally {
    await guard.close();
    await Promise.all(simulators.map((simulator) => simulator.close()));
  }
}

export function outageTable({ bare, guarded }: OutageResult): string {
  const table = new Table({
    head: ['outage', 'bare SDK', 'tidegate'],
    style: PLAIN,
    colAligns: ['left', 'right', 'right'],
  });
  const row = (name: string, cell: (result: ProviderResult) => string | number): void => {
    table.push([name, cell(bare), cell(guarded)]);
  };
  row('calls', (result) => result.calls);
  row('succeeded', (result) => result.succeeded);
  row('failed', (result) => result.failed);
  row('attempts sent', (result) => result.traffic.attempts);
  row('wasted attempts', (result) => result.traffic.attempts - result.succeeded);
  return table.toString();
}

async function send(simulator: Simulator, emails: readonly Email[], guarding: Guarding): Promise<ProviderResult> {
  const classify = createClassifier('anthropic', MODEL, { apiKey: 'simulated', baseURL: simulator.url }, guarding);
  const tally = new Tally('anthropic');
  const calls: Promise<void>[] = [];
  for (let i = 0; i < CALLS; i++) {
    const { text } = emails[i % emails.length]!;
    calls.push(tally.add(() => classify(text)));
    await wait(1_000 / CALLS_PER_SECOND);
  }
  await Promise.all(calls);
  return tally.result(trafficOf(simulator.stats()));
}

async function announceOutage(say: (line: string) => void, at: () => string, signal: AbortSignal): Promise<void> {
  try {
    await wait(OUTAGE.fromMs, undefined, { signal });
    say(`  ${at()}  the provider goes down: every request is answered with 529`);
    await wait(OUTAGE.untilMs - OUTAGE.fromMs, undefined, { signal });
    say(`  ${at()}  the provider is back`);
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}
