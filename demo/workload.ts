import { setTimeout as wait } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { createGuard } from '../src/index.ts';
import type { Guard } from '../src/index.ts';
import { startTelemetry } from '../src/telemetry.ts';
import { startSimulator } from '../src/testing.ts';
import type { Simulator, SimulatorFaults } from '../src/testing.ts';
import type { Guarding, ProviderId } from './classifier.ts';
import { createClassifier, createStreamClassifier, PROVIDERS, TITLES } from './classifier.ts';
import type { Email } from './emails.ts';
import { readEmails } from './emails.ts';
import { parseOptions } from './options.ts';
import { TIERS } from './tiers.ts';

// An endless application for dashboards and alerts: guarded traffic to three simulated providers
// that goes through quiet, busy and bad times. Ctrl-C ends it.
// Run: node demo/workload.ts [--metrics-port 9464] [--metrics-host 127.0.0.1] [--minute-ms 60000]

interface Scene {
  readonly name: string;
  /** Traffic as a share of what each tier admits. */
  readonly load: number;
  readonly minutes: number;
  readonly faults?: Partial<Readonly<Record<ProviderId, SimulatorFaults>>>;
}

const STORY: readonly Scene[] = [
  { name: 'calm: half of each tier', load: 0.5, minutes: 3 },
  { name: 'busy: nearly the whole tier', load: 0.92, minutes: 4 },
  {
    name: 'a neighbour takes 40 % of the OpenAI account',
    load: 0.7,
    minutes: 3,
    faults: { openai: { neighbour: { share: 0.4 } } },
  },
  { name: 'calm again', load: 0.4, minutes: 2 },
  { name: 'Anthropic is overloaded', load: 0.5, minutes: 2, faults: { anthropic: { outage: { kind: 'overloaded' } } } },
  {
    name: 'Groq fails one request in twelve',
    load: 0.5,
    minutes: 3,
    faults: { groq: { rates: { server_error: 0.08 } } },
  },
];

/** Calls a second that the simulated tiers admit, with e-mails of this corpus. */
const CAPACITY: Readonly<Record<ProviderId, number>> = { openai: 8.3, anthropic: 5.5, groq: 12 };

const { values } = parseArgs({
  options: {
    'metrics-port': { type: 'string', default: '9464' },
    'metrics-host': { type: 'string', default: '127.0.0.1' },
    'minute-ms': { type: 'string', default: '60000' },
  },
});

const stopped = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stopped.abort());

const emails = await readEmails(400);
const telemetry = await startTelemetry({
  serviceName: process.env['OTEL_SERVICE_NAME'] ?? 'tidegate-demo',
  port: Number(values['metrics-port']),
  host: values['metrics-host'],
});
const guard = createGuard();
const simulators = new Map<ProviderId, Simulator>();
for (const provider of PROVIDERS) simulators.set(provider, await startSimulator(TIERS[provider].options));
console.log(`Metrics: ${telemetry.url}`);
try {
  let { load } = STORY[0]!;
  const traffic = PROVIDERS.map((provider) => send(provider, guard, emails, () => load));
  for (let i = 0; !stopped.signal.aborted; i++) {
    const scene = STORY[i % STORY.length]!;
    load = scene.load;
    for (const [provider, simulator] of simulators) simulator.update({ faults: scene.faults?.[provider] ?? {} });
    console.log(`${new Date().toISOString()}  ${scene.name}`);
    await pause(scene.minutes * Number(values['minute-ms']));
  }
  await Promise.all(traffic);
} finally {
  await guard.close();
  await Promise.all(Array.from(simulators.values(), (simulator) => simulator.close()));
  await telemetry.shutdown();
}

/** Makes calls at random moments, as independent users do, until the end. */
async function send(provider: ProviderId, guard: Guard, emails: readonly Email[], load: () => number): Promise<void> {
  const access = { apiKey: 'simulated', baseURL: simulators.get(provider)!.url };
  const model = parseOptions([])!.models[provider];
  const guarding: Guarding = (client) => guard.wrap(client);
  const classify = createClassifier(provider, model, access, guarding);
  const classifyStream = provider === 'openai' ? createStreamClassifier(model, access, guarding) : classify;
  let lost = 0;
  for (let i = 0; !stopped.signal.aborted; i++) {
    const ask = i % 3 === 0 ? classifyStream : classify;
    ask(emails[i % emails.length]!.text).catch((error: unknown) => {
      // Calls in flight at the end are not failures, and an outage would fill the screen.
      if (!stopped.signal.aborted && lost++ < 10) console.log(`${TITLES[provider]} lost a call: ${String(error)}`);
    });
    await pause((-Math.log(1 - Math.random()) * 1_000) / (CAPACITY[provider] * load()));
  }
}

/** Resolves early, without an error, when the workload is stopped. */
async function pause(ms: number): Promise<void> {
  try {
    await wait(ms, undefined, { signal: stopped.signal });
  } catch (error) {
    if (!stopped.signal.aborted) throw error;
  }
}
