import { EventEmitter, once } from 'node:events';
import { styleText } from 'node:util';
import { openAlertInbox } from '../src/commands/alert-inbox.ts';
import { alertLines } from '../src/commands/alert-lines.ts';
import type { Alert } from '../src/commands/alert-message.ts';

/** An awaited alert. */
export interface Awaited {
  readonly status: Alert['status'];
  readonly name: string;
  readonly provider: string;
  /** Ignores earlier arrivals; by `performance.now()`. */
  readonly sinceMs: number;
}

/** The inbox of `tidegate alerts`, which also records what has arrived. */
export interface Inbox {
  readonly url: string;
  /**
   * Waits for an alert.
   * @returns when it arrived, by `performance.now()`; undefined on timeout
   * @throws the reason of `signal` when that is aborted
   */
  arrives(awaited: Awaited, withinMs: number, signal: AbortSignal): Promise<number | undefined>;
  /** Waits until no alert fires, or the time is over. @throws the reason of `signal` when that is aborted */
  settles(withinMs: number, signal: AbortSignal): Promise<void>;
  /** Names of the alerts that fire now. */
  firing(): readonly string[];
  close(): Promise<void>;
}

/** @param say Called with each line of each alert. */
export async function openInbox(say: (line: string) => void): Promise<Inbox> {
  const arrivals: { readonly alert: Alert; readonly atMs: number }[] = [];
  const firing = new Map<string, string>();
  const emitter = new EventEmitter();
  const keep = (alert: Alert): void => {
    const series = JSON.stringify(Object.entries(alert.labels).toSorted());
    arrivals.push({ alert, atMs: performance.now() });
    if (alert.status === 'firing') firing.set(series, alert.labels['alertname'] ?? '');
    else firing.delete(series);
  };
  const { url, close } = await openAlertInbox(0, '127.0.0.1', (alerts) => {
    for (const alert of alerts) {
      print(alert, say);
      keep(alert);
    }
    emitter.emit('arrival');
  });
  /** Checks again at each arrival. */
  const find = async <T>(look: () => T | undefined, withinMs: number, signal: AbortSignal): Promise<T | undefined> => {
    const late = AbortSignal.timeout(withinMs);
    for (;;) {
      const found = look();
      if (found !== undefined) return found;
      try {
        await once(emitter, 'arrival', { signal: AbortSignal.any([late, signal]) });
      } catch (error) {
        signal.throwIfAborted();
        if (late.aborted) return undefined;
        throw error;
      }
    }
  };
  return {
    url,
    close,
    arrives: (awaited, withinMs, signal) =>
      find(() => arrivals.find(({ alert, atMs }) => isMeant(awaited, alert, atMs))?.atMs, withinMs, signal),
    settles: async (withinMs, signal) => void (await find(() => firing.size === 0 || undefined, withinMs, signal)),
    firing: () => [...firing.values()],
  };
}

function isMeant({ status, name, provider, sinceMs }: Awaited, alert: Alert, atMs: number): boolean {
  const { alertname, gen_ai_provider_name: of } = alert.labels;
  return alert.status === status && alertname === name && of === provider && atMs >= sinceMs;
}

function print(alert: Alert, say: (line: string) => void): void {
  const [head = '', ...more] = alertLines(alert);
  say(`  ${styleText(alert.status === 'firing' ? 'red' : 'green', head)}`);
  for (const line of more) say(`  ${styleText('dim', line)}`);
}
