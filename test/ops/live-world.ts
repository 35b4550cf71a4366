import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { queryAt } from '../../tools/stack/query.ts';
import { type Stack, startStack } from '../../tools/stack/stack.ts';
import type { SimulatorFaults, SimulatorOptions } from '../../src/testing.ts';
import { type App, startApp } from './live-app.ts';
import { type Delivery, type Inbox, startInbox } from './live-inbox.ts';
import { SuppressionLog } from './live-suppression.ts';

/** A minute of the shipped rules lasts a second and a half here: a busy machine may miss a scrape. */
export const TIME_SCALE = 40;

const LATENCY = { baseMs: 40, jitter: 0.5 };
const OPENAI: SimulatorOptions = { provider: 'openai', latency: LATENCY, seed: 7 };
const ROOMY = { requestsPerMinute: 3_000, tokensPerMinute: 3_000_000 };
/** The tier of the calm application: ten calls a second, of which it makes six. */
const CALM = { requestsPerMinute: 600, tokensPerMinute: 100_000 };
const CALM_RATE = 6;

/** Alerts that must reach the inbox, by job. */
export const EXPECTED: Readonly<Record<string, string>> = {
  spike: 'TidegateRetrySpike',
  requests: 'TidegateTierSaturated',
  tokens: 'TidegateTierSaturated',
  quota: 'TidegateQuotaExhausted',
  circuit: 'TidegateCircuitOpen',
  victim: 'TidegateTelemetryDown',
  key: 'TidegateAuthFailing',
  release: 'TidegateBadRequests',
  streams: 'TidegateStreamInterruptions',
};

export const WIDE_MODELS: readonly string[] = Array.from({ length: 20 }, (_, index) => `model-${index}`);

/** What happened from the first scrape to the end. */
export interface World {
  readonly stack: Stack;
  readonly deliveries: readonly Delivery[];
  readonly suppressed: ReadonlySet<string>;
  /** Seconds since 1970. */
  readonly from: number;
  readonly to: number;
  /** When the fault of each job ended, by `performance.now()`. */
  readonly healedAtMs: Readonly<Record<string, number>>;
  /** What the provider of the calm application counted. */
  readonly calm: { readonly admitted: number; readonly rejected: number };
  close(): Promise<void>;
}

const JOBS = Object.keys(EXPECTED);

const APPS = ['calm', 'spike', 'requests', 'tokens', 'quota', 'circuit', 'wide', 'key', 'release', 'streams'] as const;
type Apps = Readonly<Record<(typeof APPS)[number], App>>;

async function startApps(): Promise<Apps> {
  const [calm, spike, requests, tokens, quota, circuit, wide, key, release, streams] = await Promise.all([
    startApp('gpt-4o-mini', [{ ...OPENAI, limits: CALM }]),
    startApp('gpt-4o-mini', [{ ...OPENAI, limits: ROOMY }], { retry: { initialDelayMs: 50, maxDelayMs: 500 } }),
    // Small enough that what they have saved is spent within seconds.
    startApp('gpt-4o-mini', [{ ...OPENAI, limits: { requestsPerMinute: 150, tokensPerMinute: 3_000_000 } }]),
    startApp('gpt-4o', [{ ...OPENAI, limits: { requestsPerMinute: 6_000, tokensPerMinute: 10_000 } }]),
    startApp('gpt-4o-mini', [{ ...OPENAI, limits: ROOMY }]),
    // As short as the rules: the circuit opens after a second of failures and probes every few seconds.
    startApp('claude-haiku-4-5', [{ provider: 'anthropic', latency: LATENCY, limits: ROOMY }], {
      breaker: { windowMs: 3_000, minimumAttempts: 5, halfOpenAfterMs: 4_000, maxHalfOpenAfterMs: 4_000 },
      retry: { initialDelayMs: 50, maxDelayMs: 500 },
      deadlineMs: 20_000,
    }),
    startApp(
      'model-0',
      [
        { ...OPENAI, limits: ROOMY },
        { provider: 'anthropic', limits: { ...ROOMY, inputTokensPerMinute: 3_000_000 } },
        { provider: 'groq', limits: ROOMY },
      ],
      { unguardedNotice: true },
    ),
    startApp('gpt-4o-mini', [{ ...OPENAI, limits: ROOMY }]),
    startApp('gpt-4o-mini', [{ ...OPENAI, limits: ROOMY }]),
    // Uses up its daily limit, but slowly: what is left of a day that fills faster than it is used is current for
    // milliseconds.
    startApp('llama-3.3-70b-versatile', [
      { provider: 'groq', latency: LATENCY, seed: 7, limits: { ...ROOMY, requestsPerDay: 200_000 } },
    ]),
  ]);
  return { calm, spike, requests, tokens, quota, circuit, wide, key, release, streams };
}

/** Runs every fault at once, each in an application of its own, beside a calm one. Takes two to three minutes. */
export async function runWorld(): Promise<World> {
  const inbox = await startInbox();
  const victim = fork(join(import.meta.dirname, 'live-victim.ts'));
  const [[victimTarget], apps] = await Promise.all([once(victim, 'message') as Promise<[string]>, startApps()]);
  const targets = Object.entries(apps).map(([job, app]) => [job, [app.target]] as const);
  const stack = await startStack({
    targets: Object.fromEntries([...targets, ['victim', [victimTarget]]]),
    inbox: inbox.url,
    timeScale: TIME_SCALE,
  });
  const log = new SuppressionLog();
  const close = async (): Promise<void> => {
    victim.kill('SIGKILL');
    await Promise.all(Object.values(apps).map((app) => app.close()));
    await stack.stop();
    inbox.close();
  };
  try {
    await meetModels(apps.wide);
    goCalm(apps);
    const scraped = async (): Promise<boolean> =>
      (await queryAt(stack.prometheus, `count(tidegate_build_info) == ${APPS.length + 1}`)).length > 0;
    await until('every application is scraped', 30, scraped);
    const from = Date.now() / 1_000;
    await wait(15_000);
    const heal = goWrong(apps);
    victim.kill('SIGKILL');
    const healedAtMs: Record<string, number> = {};
    const end = (job: string): void => {
      if (job in healedAtMs) return;
      healedAtMs[job] = performance.now();
      heal[job]?.();
    };
    await until('every alert arrives', 100, async () => {
      await log.look(stack.alertmanager);
      // A spike lasts: half a minute later it would look like the hour before.
      if (delivered(inbox, 'spike', EXPECTED['spike']!, 'firing')) end('spike');
      return JOBS.every((job) => delivered(inbox, job, EXPECTED[job]!, 'firing'));
    });
    await wait(3_000);
    await log.look(stack.alertmanager);
    for (const job of JOBS) end(job);
    // A saturated tier keeps firing for 45 s after its buckets, which refill in real time, are full again.
    await until('every alert but that of the dead application is resolved', 130, async () => {
      await log.look(stack.alertmanager);
      return JOBS.every((job) => job === 'victim' || delivered(inbox, job, EXPECTED[job]!, 'resolved'));
    });
    const { admitted, rejected } = apps.calm.simulators[0]!.stats();
    const to = Date.now() / 1_000;
    return {
      stack,
      deliveries: inbox.deliveries,
      suppressed: log.seen,
      from,
      to,
      healedAtMs,
      calm: { admitted, rejected },
      close,
    };
  } catch (error) {
    const seen = inbox.deliveries.map(({ labels, status }) => `${labels['job']}: ${labels['alertname']} ${status}`);
    await close();
    throw new Error(`Delivered so far:\n${seen.join('\n')}`, { cause: error });
  }
}

const QUOTA_MODELS = 12;

/**
 * Calls every model in turn while all is well, so that each has its zero series, then each for four seconds. A guard
 * tries an exhausted account again once a minute per model, however short the rules are: other models are called in
 * between.
 */
function quotaModels(): () => string {
  const startedAt = performance.now();
  let calls = 0;
  return () => {
    const seconds = (performance.now() - startedAt) / 1_000;
    return WIDE_MODELS[(seconds < 15 ? calls++ : Math.floor(seconds / 4)) % QUOTA_MODELS]!;
  };
}

/** Every model once, and once as a stream; each provider has a third of them. */
async function meetModels(wide: App): Promise<void> {
  await Promise.all(WIDE_MODELS.flatMap((_, index) => [ask(wide, index, false), ask(wide, index, true)]));
}

function ask(wide: App, index: number, stream: boolean): Promise<void> {
  return wide.call(index % wide.simulators.length, WIDE_MODELS[index % WIDE_MODELS.length], stream);
}

/** Ordinary traffic. */
function goCalm({ calm, spike, quota, circuit, wide, key, release, streams }: Apps): void {
  calm.steady(CALM_RATE);
  wide.pastTheGuard(2);
  for (const app of [spike, circuit, key, release]) app.steady(5);
  streams.steady(5, undefined, true);
  quota.steady(5, quotaModels());
  void (async () => {
    for (let turn = 0; ; turn++) {
      await wait(250);
      try {
        await ask(wide, turn % WIDE_MODELS.length, turn % 2 === 0);
      } catch {
        // The guard is closed.
        return;
      }
    }
  })();
}

/** @returns functions that end each fault */
function goWrong({
  spike,
  requests,
  tokens,
  quota,
  circuit,
  key,
  release,
  streams,
}: Apps): Readonly<Record<string, () => void>> {
  const stopRequests = requests.saturate(12);
  const stopTokens = tokens.saturate(12);
  const set = (app: App, faults: SimulatorFaults): (() => void) => {
    app.simulators[0]!.update({ faults });
    return () => app.simulators[0]!.update({ faults: {} });
  };
  return {
    spike: set(spike, { rates: { unknown_429: 0.4 } }),
    quota: set(quota, { outage: { kind: 'insufficient_quota' } }),
    circuit: set(circuit, { outage: { kind: 'overloaded' } }),
    key: set(key, { outage: { kind: 'auth' } }),
    release: set(release, { outage: { kind: 'bad_request' } }),
    streams: set(streams, { rates: { stream_end_early: 0.3 } }),
    requests: stopRequests,
    tokens: stopTokens,
  };
}

export function delivered(inbox: Pick<Inbox, 'deliveries'>, job: string, name: string, status: string): boolean {
  return inbox.deliveries.some(
    (each) => each.status === status && each.labels['job'] === job && each.labels['alertname'] === name,
  );
}

/** Polls twice a second. @throws Error when it does not hold in time */
async function until(what: string, seconds: number, holds: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + seconds * 1_000;
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`Expected that ${what} within ${seconds} s`);
    await wait(500);
  }
}
