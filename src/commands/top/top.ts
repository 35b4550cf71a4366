import type { Command } from 'commander';
import { systemClock } from '../../core/clock.ts';
import { choice, define, oneOf, readArguments } from '../arguments.ts';
import type { CommandIo, Screen } from '../command-io.ts';
import { fetchError } from '../fetch-error.ts';
import { harmless } from '../harmless.ts';
import { readPage } from '../read-page.ts';
import { shownUrl } from '../shown-url.ts';
import { fleetLine, fleetState, type FleetState } from './fleet-line.ts';
import { isShown, laneRows, type LaneRow, type Look } from './lane-rows.ts';
import { parseMetrics } from './metrics-text.ts';
import { SORT_NAMES, sorted, type SortName, view } from './view.ts';

const DEFAULT_URL = 'http://127.0.0.1:9464/metrics';
const DEFAULT_SECONDS = 2;
const LONGEST_ANSWER_MS = 5_000;
/** Lines of the screen besides lanes. */
const OTHER_LINES = 6;

export const topDefinition = (): Command =>
  define(
    'top',
    'shows the lanes of a running application live',
    'Shows the lanes behind any /metrics page of tidegate: usage of their limits, queue, refusals, retries, circuits, cost, and the fleet if limits are shared. ' +
      'Keys: s sorts by the next column, / filters, q quits. Without a terminal, it prints the table at each interval.',
    `Exit codes: 0 quit, 1 the page cannot be read, 2 bad arguments.

Examples:

  tidegate top
  tidegate top http://app.internal:9464/metrics --sort queued
  tidegate top --once --json`,
  )
    .argument('[url]', `default: ${DEFAULT_URL}`)
    .option('--interval <seconds>', `default: ${DEFAULT_SECONDS}`)
    .addOption(choice('--sort <column>', SORT_NAMES, 'default: used'))
    .option('--filter <text>', 'only lanes whose name contains this text')
    .option('--once', 'prints one table and exits')
    .option('--json', 'the rows as JSON lines');

type Room = Pick<Screen, 'lines' | 'columns'>;

interface Settings {
  readonly url: string;
  readonly intervalMs: number;
  sort: SortName;
  filter: string;
  readonly once: boolean;
  readonly json: boolean;
}

/** `tidegate top`: shows what the lanes of an application do. @returns The exit code. */
export async function top(args: readonly string[], io: CommandIo): Promise<number> {
  const read = readArguments(topDefinition(), args, io, ({ options, args: [url = DEFAULT_URL, ...more] }): Settings => {
    if (more.length > 0) throw new Error('Expected one URL.');
    if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) {
      throw new Error('Expected an http or https URL.');
    }
    const seconds = Number((options['interval'] as string | undefined) ?? DEFAULT_SECONDS);
    if (!(seconds >= 0.1 && seconds <= 3600)) {
      throw new Error(
        `Expected --interval to be seconds from 0.1 to 3600, got ${JSON.stringify(options['interval'])}.`,
      );
    }
    return {
      url,
      intervalMs: seconds * 1000,
      sort: oneOf(options['sort'], '--sort', SORT_NAMES) ?? 'used',
      filter: (options['filter'] as string | undefined) ?? '',
      once: options['once'] === true,
      json: options['json'] === true,
    };
  });
  return typeof read === 'number' ? read : new Top(read, io).run();
}

class Top {
  readonly #settings: Settings;
  readonly #io: CommandIo;
  #rows: LaneRow[] = [];
  #fleet: FleetState | undefined;
  #problem = '';
  /** Text of the filter while it is typed. */
  #typed: string | undefined;
  #wake: (() => void) | undefined;
  #ended = false;

  constructor(settings: Settings, io: CommandIo) {
    this.#settings = settings;
    this.#io = io;
  }

  async run(): Promise<number> {
    const { once, json, intervalMs } = this.#settings;
    const live = !once && !json ? this.#io.screen : undefined;
    void this.#io.untilStopped.then(() => this.#end());
    let before: Look | undefined;
    const screen = live?.((key) => {
      this.#key(key);
      if (!this.#ended) screen?.draw(this.#text(screen));
    });
    try {
      for (let looks = 0; !this.#ended; looks++) {
        const now = await this.#look();
        if (!now && !screen) {
          this.#io.err(this.#problem);
          return 1;
        }
        // Rates need two readings.
        if (now && (before || screen)) {
          this.#fleet = fleetState(before, now);
          this.#show(laneRows(before, now), screen);
        }
        if (!now) screen?.draw(this.#text(screen));
        if (once && before) return 0;
        before = now;
        await this.#pause(intervalMs);
      }
      return 0;
    } finally {
      screen?.close();
    }
  }

  #show(rows: LaneRow[], screen: Screen | undefined): void {
    this.#rows = rows;
    const { json, sort, filter } = this.#settings;
    if (json)
      this.#io.out(
        JSON.stringify({
          at: new Date(systemClock.wall()).toISOString(),
          lanes: sorted(rows, sort, filter),
          fleet: this.#fleet,
        }),
      );
    else if (screen) screen.draw(this.#text(screen));
    else this.#io.out(this.#text());
  }

  /** As many lanes as fit. */
  #text({ lines, columns }: Room = { lines: Infinity, columns: Infinity }): string {
    const { url, sort, filter } = this.#settings;
    const head = this.#problem || `${shownUrl(url)}, by ${sort}${filter === '' ? '' : `, of ${filter}`}`;
    const table = view(this.#rows, {
      sort,
      filter: this.#typed ?? filter,
      most: Math.max(1, lines - OTHER_LINES),
      columns,
    });
    const fleet = harmless(fleetLine(this.#fleet));
    const foot = this.#typed === undefined ? 's sort  / filter  q quit' : `filter: ${this.#typed}_`;
    return [
      harmless(head),
      ...(fleet === '' ? [] : [fleet]),
      '',
      table,
      ...(lines === Infinity ? [] : ['', foot]),
    ].join('\n');
  }

  async #look(): Promise<Look | undefined> {
    const { url } = this.#settings;
    const late = new AbortController();
    const cancel = systemClock.after(LONGEST_ANSWER_MS, () => late.abort(new Error('it does not answer')));
    try {
      const response = await fetch(url, { signal: late.signal });
      const text = await readPage(response);
      if (!response.ok) throw new Error(`status ${response.status}`);
      const samples = parseMetrics(text, isShown);
      if (samples.length === 0) throw new Error('it has no series of tidegate');
      this.#problem = '';
      return { atMs: systemClock.now(), samples };
    } catch (error) {
      this.#problem = `Cannot read ${shownUrl(url)}: ${fetchError(error, url)}`;
      return undefined;
    } finally {
      cancel();
    }
  }

  #key(key: string): void {
    if (this.#typed !== undefined) {
      if (key === '\r' || key === '\n') this.#settings.filter = this.#typed;
      if (key === '\r' || key === '\n' || key === '\u001B' || key === '\u0003') this.#typed = undefined;
      else if (key === '\u007F' || key === '\b') this.#typed = this.#typed.slice(0, -1);
      else this.#typed += harmless(key);
      return;
    }
    if (key === 'q' || key === '\u0003') this.#end();
    else if (key === '/') this.#typed = '';
    else if (key === 's') {
      const next = (SORT_NAMES.indexOf(this.#settings.sort) + 1) % SORT_NAMES.length;
      this.#settings.sort = SORT_NAMES[next]!;
    }
  }

  #end(): void {
    this.#ended = true;
    this.#wake?.();
  }

  async #pause(ms: number): Promise<void> {
    if (this.#ended) return;
    await new Promise<void>((resolve) => {
      const cancel = systemClock.after(ms, resolve);
      this.#wake = () => {
        cancel();
        resolve();
      };
    });
  }
}
