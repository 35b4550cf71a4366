import type { BatchSnapshot } from '../../batch/progress.ts';
import { duration, durations, number, perSecond, usd } from '../amounts.ts';
import type { CommandIo } from '../command-io.ts';
import { ProgressBar } from '../progress-bar.ts';

const PLAIN_MS = 10_000;

interface Settings {
  readonly json: boolean;
  readonly quiet: boolean;
  /** Where results go. */
  readonly out: string;
}

/** Shows the progress of a run: a bar on a terminal, else a line every ten seconds, or JSON on request. */
export class ProgressDisplay {
  readonly #io: CommandIo;
  readonly #json: boolean;
  readonly #quiet: boolean;
  readonly #bar: ProgressBar | undefined;
  #shownAt = 0;
  #aside = '';

  constructor(io: CommandIo, { json, quiet, out }: Settings) {
    this.#io = io;
    this.#json = json;
    this.#quiet = quiet;
    // No bar if results go to the same terminal.
    const mixed = out === '-' && io.outIsTerminal;
    if (io.terminal && !json && !quiet && !mixed) this.#bar = new ProgressBar(io.terminal);
  }

  show(snapshot: BatchSnapshot): void {
    if (this.#quiet) return;
    if (this.#bar && snapshot.total !== undefined) {
      const { done, total } = snapshot;
      const text = [...countParts(snapshot), ...etaParts(snapshot)].join(', ');
      const below = this.#aside || [...rateParts(snapshot), ...bottleneckParts(snapshot)].join(', ');
      this.#bar.show({ done, total, text, below });
      return;
    }
    if (snapshot.elapsedMs - this.#shownAt < PLAIN_MS) return;
    this.#shownAt = snapshot.elapsedMs;
    const text = [progressText(snapshot), this.#aside].filter(Boolean).join('; ');
    this.#io.err(this.#json ? JSON.stringify({ event: 'progress', ...snapshot }) : text);
  }

  /** Progress besides the rows: that of provider batches. */
  aside(text: string): void {
    this.#aside = text;
  }

  /** Prints a permanent line. */
  say(event: 'batch' | 'stopping' | 'redis' | 'unreachable', text: string): void {
    this.#bar?.clear();
    this.#io.err(this.#json ? JSON.stringify({ event, text }) : text);
  }

  close(): void {
    this.#bar?.clear();
  }
}

/** Progress as one line. */
function progressText(snapshot: BatchSnapshot): string {
  return [countParts, rateParts, etaParts, bottleneckParts].flatMap((parts) => parts(snapshot)).join(', ');
}

/** The result of a run. */
export function summaryText(snapshot: BatchSnapshot): string {
  const [rows, ...more] = countParts(snapshot);
  const { reused, elapsedMs } = snapshot;
  return [
    `${rows} in ${duration(elapsedMs / 1000)}`,
    ...more,
    ...(reused > 0 ? [`${number(reused)} reused from the journal or an identical row`] : []),
    ...rateParts({ ...snapshot, inFlight: 0 }),
  ].join(', ');
}

function countParts({ done, total, failed }: BatchSnapshot): string[] {
  return [
    `${number(done)}${total === undefined ? '' : ` of ${number(total)}`} rows`,
    ...(failed > 0 ? [`${number(failed)} failed`] : []),
  ];
}

function rateParts({ inFlight, itemsPerSecond, tokensPerSecond, cost }: BatchSnapshot): string[] {
  return [
    ...(inFlight > 0 ? [`${number(inFlight)} in flight`] : []),
    ...(itemsPerSecond > 0 ? [perSecond(itemsPerSecond, 'rows')] : []),
    ...(tokensPerSecond > 0 ? [`${number(Math.round(tokensPerSecond))} tokens/s`] : []),
    ...(cost
      ? [
          `${usd(cost.usd)} so far${cost.unknown > 0 ? ` and ${number(cost.unknown)} rows of unknown cost` : ''}${lostPart(cost)}`,
        ]
      : []),
  ];
}

function lostPart({ lostAttempts, possibleUsd }: NonNullable<BatchSnapshot['cost']>): string {
  if (lostAttempts === 0) return '';
  const most = possibleUsd > 0 ? `, at most ${usd(possibleUsd)} more` : '';
  return ` (${number(lostAttempts)} answers lost${most})`;
}

function etaParts({ eta }: BatchSnapshot): string[] {
  if (!eta || eta.toSeconds <= 0) return [];
  return [`${durations(eta.fromSeconds, eta.toSeconds)} left`];
}

/** The limit that determines the estimate. */
function bottleneckParts({ eta }: BatchSnapshot): string[] {
  return eta && eta.toSeconds > 0 ? [`limited by ${eta.binds.replaceAll('_', ' ')}`] : [];
}
