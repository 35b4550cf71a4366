import type { BatchSnapshot } from '../../batch/progress.ts';
import type { CommandIo } from '../command-io.ts';

const PLAIN_MS = 10_000;
const CELLS = 20;

/** Shows how far a run is: a bar on a terminal, a line every ten seconds elsewhere, JSON where that is asked for. */
export function progressLines(
  io: CommandIo,
  { json, quiet }: { json: boolean; quiet: boolean },
): (snapshot: BatchSnapshot) => void {
  let shownAt = 0;
  return (snapshot) => {
    if (quiet) return;
    if (io.status && !json) {
      io.status(`${bar(snapshot)} ${progressText(snapshot)}`);
      return;
    }
    if (snapshot.elapsedMs - shownAt < PLAIN_MS) return;
    shownAt = snapshot.elapsedMs;
    io.err(json ? JSON.stringify({ event: 'progress', ...snapshot }) : progressText(snapshot));
  };
}

export function progressText({
  done,
  total,
  failed,
  inFlight,
  itemsPerSecond,
  tokensPerSecond,
  cost,
  eta,
}: BatchSnapshot): string {
  const parts = [`${number(done)}${total === undefined ? '' : ` of ${number(total)}`} rows`];
  if (failed > 0) parts.push(`${number(failed)} failed`);
  if (inFlight > 0) parts.push(`${number(inFlight)} at work`);
  parts.push(`${itemsPerSecond.toFixed(1)} rows/s`);
  if (tokensPerSecond > 0) parts.push(`${number(Math.round(tokensPerSecond))} tokens/s`);
  if (cost)
    parts.push(`${usd(cost.usd)} so far${cost.unknown > 0 ? ` and ${number(cost.unknown)} rows of unknown cost` : ''}`);
  if (eta && eta.toSeconds > 0) {
    const [from, to] = [duration(eta.fromSeconds), duration(eta.toSeconds)];
    parts.push(`${from === to ? to : `${from} to ${to}`} left, by ${eta.binds.replaceAll('_', ' ')}`);
  }
  return parts.join(', ');
}

export function duration(seconds: number): string {
  if (seconds < 60) return `${Math.ceil(seconds)} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 120 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** Cents, or what is less than one to two digits. */
export const usd = (amount: number): string =>
  amount >= 0.1 || amount === 0 ? `$${amount.toFixed(2)}` : `$${Number(amount.toPrecision(2))}`;

export const number = (value: number): string => value.toLocaleString('en-US');

function bar({ done, total }: BatchSnapshot): string {
  if (!total) return '';
  const cells = Math.floor((CELLS * done) / total);
  return `[${'#'.repeat(cells)}${'.'.repeat(CELLS - cells)}]`;
}
