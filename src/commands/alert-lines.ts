import type { Alert } from './alert-message.ts';
import { harmless } from './harmless.ts';

const SHOWN_APART = ['alertname', 'severity'];
/** Under the status, which follows the time. */
const INDENT = ' '.repeat(10);
/** Width of a line; longer words stay whole, so that URLs can be followed. */
const WIDTH = 100;

/** An alert for a terminal: a summary line, then indented details. */
export function alertLines(alert: Alert): string[] {
  const { labels, annotations, status } = alert;
  const at = status === 'firing' ? alert.startsAt : (alert.endsAt ?? alert.startsAt);
  const head = [
    timeOf(at),
    status.toUpperCase().padEnd(8),
    (labels['severity'] ?? '-').padEnd(8),
    labels['alertname'] ?? 'unnamed alert',
  ];
  if (status === 'resolved') head.push(lasted(alert));
  const others = Object.entries(labels).filter(([name]) => !SHOWN_APART.includes(name));
  const more = [
    annotations['summary'],
    // A resolved alert needs no second explanation.
    ...(status === 'firing' ? [annotations['description'], annotations['runbook_url']] : []),
    others.map(([name, value]) => `${name}=${value}`).join(' '),
  ].filter((line): line is string => line !== undefined && line !== '');
  return [
    harmless(head.join('  ').trimEnd()),
    ...more.flatMap((text) => wrap(harmless(text), WIDTH - INDENT.length)).map((line) => INDENT + line),
  ];
}

function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else {
      line = line === '' ? word : `${line} ${word}`;
    }
  }
  return [...lines, line];
}

function timeOf(date: Date | undefined): string {
  return date === undefined ? '--:--:--' : date.toISOString().slice(11, 19);
}

function lasted({ startsAt, endsAt }: Alert): string {
  if (!startsAt || !endsAt || endsAt < startsAt) return '';
  return `after ${Math.round((endsAt.getTime() - startsAt.getTime()) / 1_000)} s`;
}
