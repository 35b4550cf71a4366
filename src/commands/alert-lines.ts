import type { Alert } from './alert-message.ts';

const SHOWN_APART = ['alertname', 'severity'];

/** An alert for a terminal: a line that says what, then indented lines that say more. */
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
  return [head.join('  ').trimEnd(), ...more.map((line) => `          ${line}`)].map(harmless);
}

function timeOf(date: Date | undefined): string {
  return date === undefined ? '--:--:--' : date.toISOString().slice(11, 19);
}

function lasted({ startsAt, endsAt }: Alert): string {
  if (!startsAt || !endsAt || endsAt < startsAt) return '';
  return `after ${Math.round((endsAt.getTime() - startsAt.getTime()) / 1_000)} s`;
}

/** What came over the network must not steer the terminal. */
function harmless(line: string): string {
  return line.replace(/[\p{Cc}\p{Cf}\u2028\u2029]+/gu, ' ');
}
