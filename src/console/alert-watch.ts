import type { Clock } from '../core/clock.ts';
import { fetchText } from './fetch-text.ts';
import type { AlertsState } from './state.ts';

const EVERY_MS = 10_000;
const MAX_ALERTS = 50;
const LONGEST_TEXT = 300;
/** Name prefix of the shipped rules. */
const OURS = /^Tidegate/;

/** The firing, unsilenced alerts of tidegate's rules in an Alertmanager. */
export class AlertWatch {
  state: AlertsState = { firing: [] };
  readonly #url: string;
  readonly #clock: Clock;
  readonly #ref: boolean;
  #cancel: (() => void) | undefined;
  #closed = false;

  /** @param base address of Alertmanager */
  constructor(base: string, clock: Clock, ref: boolean) {
    this.#url = `${base.replace(/\/+$/, '')}/api/v2/alerts?active=true&silenced=false&inhibited=false`;
    this.#clock = clock;
    this.#ref = ref;
  }

  async start(): Promise<void> {
    await this.look();
    if (!this.#closed) this.#cancel = this.#clock.after(EVERY_MS, () => void this.start(), { unref: !this.#ref });
  }

  async look(): Promise<void> {
    try {
      this.state = { firing: parseAlerts(JSON.parse(await fetchText(this.#url, this.#clock))) };
    } catch (error) {
      const problem =
        error instanceof SyntaxError ? 'it answers with something else than alerts' : (error as Error).message;
      this.state = { firing: [], problem };
    }
  }

  close(): void {
    this.#closed = true;
    this.#cancel?.();
  }
}

function parseAlerts(value: unknown): AlertsState['firing'] {
  if (!Array.isArray(value)) throw new SyntaxError('no alerts');
  const alerts = (value as unknown[]).flatMap((alert) => {
    const { labels, annotations, startsAt } = (alert ?? {}) as Readonly<Record<string, unknown>>;
    const { alertname: name, severity, ...others } = strings(labels);
    if (name === undefined || !OURS.test(name)) return [];
    const { summary, description, runbook_url: runbook } = strings(annotations);
    const since = Date.parse(String(startsAt));
    return {
      name,
      severity: severity ?? '',
      summary: (summary ?? description ?? '').slice(0, LONGEST_TEXT),
      labels: Object.entries(others)
        .map(([key, text]) => `${key}=${text}`)
        .join(', ')
        .slice(0, LONGEST_TEXT),
      since: since > 0 ? since : undefined,
      runbook: runbook !== undefined && /^https?:\/\//.test(runbook) ? runbook : undefined,
    };
  });
  return alerts.sort((a, b) => (b.since ?? 0) - (a.since ?? 0)).slice(0, MAX_ALERTS);
}

function strings(value: unknown): Readonly<Record<string, string | undefined>> {
  if (typeof value !== 'object' || value === null) return {};
  return Object.fromEntries(Object.entries(value).filter(([, each]) => typeof each === 'string'));
}
