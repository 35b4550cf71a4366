import Table from 'cli-table3';
import { setTimeout as wait } from 'node:timers/promises';
import { MissingServerError } from '../tools/stack/binaries.ts';
import { startStack } from '../tools/stack/stack.ts';
import { createGuard } from '../src/index.ts';
import { readEmails } from './emails.ts';
import { serveMetrics } from './metrics.ts';
import type { DemoOptions } from './options.ts';
import { DemoError } from './options.ts';
import type { Inbox } from './stack-inbox.ts';
import { openInbox } from './stack-inbox.ts';
import type { Providers } from './stack-providers.ts';
import { openProviders } from './stack-providers.ts';
import type { Scene } from './stack-scenes.ts';
import { CALM_MS, FASTEST, guardOptions, SCENES } from './stack-scenes.ts';
import { PLAIN } from './tables.ts';

type Say = (line?: string) => void;

/** Result for the alert of one scene; times in milliseconds, undefined on timeout. */
export interface SceneResult {
  readonly scene: Scene;
  /** Since the beginning of the fault. */
  readonly firedAfterMs: number | undefined;
  /** Since the end of the fault. */
  readonly resolvedAfterMs: number | undefined;
}

/**
 * One application under Prometheus and Alertmanager, through three faults.
 * @param timeScale Divides every time of the rules and of Alertmanager, 20 … 60.
 * @returns the exit code: 0 when the alert of every fault arrived and was resolved, 1 when one did not, 130 after Ctrl-C
 * @throws DemoError when Prometheus or Alertmanager is not installed, or the metrics port is taken
 */
export async function runStackDemo(options: DemoOptions, timeScale: number, say: Say): Promise<number> {
  const startedAt = performance.now();
  const interrupted = new AbortController();
  // The servers do not receive Ctrl-C; a second one ends this process at once, and them with it.
  process.once('SIGINT', () => {
    process.once('SIGINT', () => process.exit(130));
    interrupted.abort();
  });
  const emails = await readEmails(options.limit);
  await using closing = new AsyncDisposableStack();
  const { telemetry } = await serveMetrics(options.metricsPort ?? 0);
  closing.defer(() => telemetry.shutdown());
  const inbox = await openInbox(say);
  closing.defer(inbox.close);
  const targets = { 'tidegate-demo': [new URL(telemetry.url).host] };
  const stack = await startStack({ targets, inbox: inbox.url, timeScale }).catch((error: unknown) => {
    throw error instanceof MissingServerError ? new DemoError(error.message, { cause: error }) : error;
  });
  closing.defer(stack.stop);
  const guard = createGuard(guardOptions(timeScale));
  const providers = await openProviders(guard, options.models, emails);
  closing.defer(providers.close);
  closing.defer(() => guard.close());

  say(
    'One application, three faults. Alerts come by the shipped rules, from Prometheus through Alertmanager, to an inbox',
  );
  say(
    `here. Only time is shorter: a minute of a rule lasts ${seconds(60, timeScale)}; its texts name the shipped times.`,
  );
  say(`  Prometheus    ${stack.prometheus}/alerts`);
  say(`  Alertmanager  ${stack.alertmanager}`);
  say(`  Metrics       ${telemetry.url}`);
  try {
    await wait((CALM_MS * FASTEST) / timeScale, undefined, interrupted);
    const results: SceneResult[] = [];
    for (const [index, scene] of SCENES.entries()) {
      say(`\n${index + 1}. ${scene.says}`);
      say(`   Due in about ${seconds(scene.dueMinutes * 60, timeScale)}: ${scene.alert}`);
      results.push(await play(scene, { providers, inbox, timeScale, say, signal: interrupted.signal }));
    }
    const outcome = verdict(results, inbox.firing());
    say(
      `\n${resultTable(results)}\n${outcome.says} The demo took ${seconds((performance.now() - startedAt) / 1_000)}.`,
    );
    return outcome.ok ? 0 : 1;
  } catch (error) {
    if (!interrupted.signal.aborted) throw error;
    return 130;
  }
}

interface Stage {
  readonly providers: Providers;
  readonly inbox: Inbox;
  readonly timeScale: number;
  readonly say: Say;
  readonly signal: AbortSignal;
}

async function play(scene: Scene, { providers, inbox, timeScale, say, signal }: Stage): Promise<SceneResult> {
  const beganAt = performance.now();
  const deadline = beganAt + (scene.withinMs * FASTEST) / timeScale;
  const left = (): number => Math.max(0, Math.round(deadline - performance.now()));
  const end = providers.disturb(scene);
  const meant = { name: scene.alert, provider: scene.provider };
  const firedAt = await inbox.arrives({ ...meant, status: 'firing', sinceMs: beganAt }, left(), signal);
  end();
  const endedAt = performance.now();
  say(`  ${clockTime()}  The fault ends.`);
  const resolvedAt =
    firedAt === undefined
      ? undefined
      : await inbox.arrives({ ...meant, status: 'resolved', sinceMs: endedAt }, left(), signal);
  // Alerts that came with it must resolve first: each scene starts calm.
  await inbox.settles(left(), signal);
  return {
    scene,
    firedAfterMs: firedAt === undefined ? undefined : firedAt - beganAt,
    resolvedAfterMs: resolvedAt === undefined ? undefined : resolvedAt - endedAt,
  };
}

/** Formats a time as the printed alerts do. */
function clockTime(): string {
  return new Date().toISOString().slice(11, 19);
}

export function resultTable(results: readonly SceneResult[]): string {
  const table = new Table({
    head: ['fault', 'alert', 'fired after', 'resolved after'],
    style: PLAIN,
    colAligns: ['left', 'left', 'right', 'right'],
  });
  const cell = (ms: number | undefined): string => (ms === undefined ? 'missed' : `${(ms / 1_000).toFixed(1)} s`);
  for (const { scene, firedAfterMs, resolvedAfterMs } of results) {
    table.push([scene.name, scene.alert, cell(firedAfterMs), cell(resolvedAfterMs)]);
  }
  return table.toString();
}

/** @param firing Names of the alerts that fire at the end, when none should. */
export function verdict(results: readonly SceneResult[], firing: readonly string[]): { ok: boolean; says: string } {
  const missed = results
    .filter(({ firedAfterMs, resolvedAfterMs }) => firedAfterMs === undefined || resolvedAfterMs === undefined)
    .map(({ scene }) => scene.alert);
  if (missed.length > 0) return { ok: false, says: `Not arrived, or not resolved in time: ${missed.join(', ')}.` };
  if (firing.length > 0) return { ok: false, says: `Still firing: ${firing.join(', ')}.` };
  return { ok: true, says: 'Every alert arrived and was resolved.' };
}

function seconds(amount: number, divisor = 1): string {
  return `${Number((amount / divisor).toFixed(1))} s`;
}
