import { createHash } from 'node:crypto';
import { type EventEmitter, errorMonitor } from 'node:events';
import { DIVIDE_SCRIPT } from './divide-script.ts';
import type { FleetStore, Grant, LimitGrant, NewsListener, Report, Stop } from './fleet-store.ts';
import { RedisNews } from './redis-news.ts';
import { type RedisClient, type RunScript, scriptRunner } from './redis-client.ts';
import { storeFault } from './store-fault.ts';

const HEAD = 13;
const ROW = 10;

/** Keeps lanes in Redis or Valkey, each in four keys of one slot. */
export class RedisStore implements FleetStore {
  readonly #run: RunScript;
  readonly #prefix: string;
  readonly #news: RedisNews | undefined;
  /** Why the client last failed to connect: with its offline queue off, its commands do not say. */
  #unconnected: unknown;

  private constructor(run: RunScript, prefix: string, news: RedisNews | undefined) {
    this.#run = run;
    this.#prefix = prefix;
    this.#news = news;
  }

  /** Undefined if the client is of no known kind. */
  static of(client: RedisClient, prefix: string): RedisStore | undefined {
    const sha = createHash('sha1').update(DIVIDE_SCRIPT).digest('hex');
    const run = scriptRunner(client, DIVIDE_SCRIPT, sha);
    if (!run) return undefined;
    const store = new RedisStore(run, prefix, RedisNews.of(client));
    // Only observes: an error that the application does not handle stays unhandled.
    (client as Partial<EventEmitter>).on?.(errorMonitor, (error: unknown) => (store.#unconnected = error));
    return store;
  }

  async exchange(lane: string, report: Report): Promise<Grant> {
    const key = this.#keyOf(lane);
    const answer = await this.#ask([key, `${key}:p`, `${key}:l`, `${key}:a`], report);
    const grant = grantOf(answer);
    // Something between, such as a proxy, has mixed up answers.
    if (grant.serial !== report.serial) throw new TypeError('unsupported answer');
    return grant;
  }

  async #ask(keys: string[], report: Report): Promise<unknown> {
    try {
      const answer = await this.#run(keys, JSON.stringify(report));
      this.#unconnected = undefined;
      return answer;
    } catch (error) {
      throw storeFault(this.#unconnected) === 'auth' ? this.#unconnected : error;
    }
  }

  listen(lane: string, listener: NewsListener): () => void {
    return this.#news?.listen(this.#keyOf(lane), listener) ?? noop;
  }

  #keyOf(lane: string): string {
    return `{${this.#prefix}:${lane}}`;
  }
}

function noop(): void {}

function grantOf(answer: unknown): Grant {
  if (!Array.isArray(answer) || answer.length < HEAD) throw new TypeError('unsupported answer');
  const cells = answer.map(String);
  const number = (index: number): number => Number(cells[index]);
  const limits: LimitGrant[] = [];
  for (let at = HEAD; at + ROW <= cells.length; at += ROW) {
    limits.push({
      name: cells[at]!,
      limit: number(at + 1),
      windowMs: number(at + 2),
      full: number(at + 3),
      granted: number(at + 4),
      free: number(at + 5),
      kept: number(at + 6),
      total: number(at + 7),
      unspentLeast: number(at + 8),
      unspentMost: number(at + 9),
    });
  }
  return {
    serial: number(0),
    epoch: number(1),
    fleet: number(2),
    active: number(3),
    waitMs: number(4),
    pauseMs: number(5),
    since: number(6),
    now: number(11),
    warm: cells[7] === '1',
    stop: cells[8] === '' ? undefined : (JSON.parse(cells[8]!) as Stop),
    circuitMs: number(9),
    learned: cells[10] === '' ? undefined : cells[10],
    parts: cells[12] === '' ? undefined : (JSON.parse(cells[12]!) as Record<string, number>),
    limits,
  };
}
