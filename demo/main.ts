import { once } from 'node:events';
import { createGuard } from '../src/index.ts';
import type { Guard } from '../src/index.ts';
import { TITLES } from './classifier.ts';
import type { ProviderId } from './classifier.ts';
import type { Email } from './emails.ts';
import { readEmails } from './emails.ts';
import { openLanes, providersOf } from './lanes.ts';
import { scrape, serveMetrics } from './metrics.ts';
import type { DemoOptions } from './options.ts';
import { DemoError, HELP, parseOptions } from './options.ts';
import { outageTable, runOutage } from './outage.ts';
import type { PhaseResult } from './phase.ts';
import { runPhase } from './phase.ts';
import { startProgress } from './progress.ts';
import { runStackDemo } from './stack.ts';
import { comparisonTable, limitTable, lossLines } from './tables.ts';
import { TIERS } from './tiers.ts';
import { laneState, Witness } from './witness.ts';

const say = (line = ''): void => console.log(line);

/** Runs the whole demo. @returns the number of calls that tidegate lost */
async function demo(options: DemoOptions): Promise<number> {
  const startedAt = performance.now();
  const providers = providersOf(options, process.env);
  const emails = await readEmails(options.limit);
  const { telemetry, note } = await serveMetrics(options.metricsPort);
  try {
    introduce(options, providers, emails.length);
    if (note !== undefined) say(note);
    say(`Metrics, live: ${telemetry.url}`);

    say(`\n1. The bare SDKs, as they come (they retry twice): all calls at once`);
    const bare = await barePhase(options, providers, emails);

    say(`\n2. The same calls with tidegate, default options`);
    const guard = createGuard();
    const witness = new Witness(guard);
    let guarded: PhaseResult;
    try {
      guarded = await guardedPhase(options, providers, emails, guard);
      const { series, metrics } = await scrape(telemetry.url);
      say(`  ${telemetry.url} shows ${metrics} metrics of tidegate in ${series} series`);
    } finally {
      await guard.close();
    }
    const comparison = { bare, guarded, testimonyOf: (provider: ProviderId) => witness.of(provider) };
    say(`\n${comparisonTable(comparison)}`);
    const limits = limitTable(comparison);
    if (limits !== undefined) say(`\n${limits}`);
    report('What the application saw fail with the bare SDKs', lossLines(bare));
    report('What the application saw fail with tidegate', lossLines(guarded));
    let lost = guarded.providers.reduce((sum, { failed }) => sum + failed, 0);

    if (options.live) say('\nNo outage is staged with real providers.');
    else lost += await outage(emails);

    const seconds = ((performance.now() - startedAt) / 1_000).toFixed(0);
    say(`\ntidegate lost ${lost} ${lost === 1 ? 'call' : 'calls'}. The demo took ${seconds} s.`);
    if (options.keep) {
      say(`Metrics stay at ${telemetry.url} until Ctrl-C.`);
      await once(process, 'SIGINT');
    }
    return lost;
  } finally {
    await telemetry.shutdown();
  }
}

function introduce(options: DemoOptions, providers: readonly ProviderId[], emails: number): void {
  const names = providers.map((provider) => TITLES[provider]).join(', ');
  say(`${emails} real e-mails, spam or ham? Asked of ${names}: ${emails * providers.length} calls a phase.`);
  for (const provider of providers) {
    const where = options.live ? `the real API, ${options.models[provider]}` : `simulated, ${TIERS[provider].words}`;
    say(`  ${TITLES[provider].padEnd(9)} ${where}`);
  }
}

async function barePhase(
  options: DemoOptions,
  providers: readonly ProviderId[],
  emails: readonly Email[],
): Promise<PhaseResult> {
  const { lanes, close } = await openLanes(options, (client) => client);
  const progress = startProgress(providers, emails.length, () => '');
  try {
    return await runPhase(lanes, emails, progress.done);
  } finally {
    progress.stop();
    await close();
  }
}

async function guardedPhase(
  options: DemoOptions,
  providers: readonly ProviderId[],
  emails: readonly Email[],
  guard: Guard,
): Promise<PhaseResult> {
  const { lanes, close } = await openLanes(options, (client) => guard.wrap(client));
  const progress = startProgress(providers, emails.length, (provider) =>
    laneState(guard.snapshot().find((row) => row.provider === provider)),
  );
  try {
    return await runPhase(lanes, emails, progress.done);
  } finally {
    progress.stop();
    await close();
  }
}

async function outage(emails: readonly Email[]): Promise<number> {
  say('\n3. An outage of Anthropic soon after the start, 10 calls a second, bare and guarded at the same time');
  const result = await runOutage(emails, say);
  say(outageTable(result));
  const { circuit } = result;
  say(circuit.length === 0 ? 'The circuit never opened.' : `The circuit went: closed → ${circuit.join(' → ')}`);
  report('What the application saw fail with tidegate', lossLines({ providers: [result.guarded], wallMs: 0 }));
  return result.guarded.failed;
}

function report(title: string, lines: readonly string[]): void {
  if (lines.length > 0) say(`\n${title}:\n${lines.join('\n')}`);
}

try {
  const options = parseOptions(process.argv.slice(2));
  if (options?.stack !== undefined) process.exitCode = await runStackDemo(options, options.stack, say);
  else if (options) process.exitCode = (await demo(options)) === 0 ? 0 : 1;
  else say(HELP);
} catch (error) {
  if (!(error instanceof DemoError)) throw error;
  console.error(error.message);
  process.exitCode = 2;
}
