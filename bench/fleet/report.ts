import type { LiveCase, LiveResult } from './run-case.ts';

export interface FleetRow extends LiveResult {
  readonly case: string;
  readonly target: LiveCase['target'];
  readonly contestant: string;
  readonly met: boolean;
}

/** The committed table, in Markdown. */
export function markdown(rows: readonly FleetRow[]): string {
  const head = [
    'case',
    'contestant',
    'calls succeeded',
    'wall / bound',
    'wasted',
    'commands a call',
    'commands / s',
    'bytes',
  ];
  const lines = rows.map((row) => [
    row.case,
    row.contestant,
    percent(row.succeeded / row.calls, 1),
    `${row.finished ? '' : '> '}${row.ratio.toFixed(3)}${row.met || row.contestant !== 'tidegate' ? '' : ' (missed)'}`,
    percent(row.waste, 2),
    row.commandsPerCall.toFixed(2),
    row.commandsPerSecond.toFixed(1),
    String(row.bytes),
  ]);
  const aims = new Map(rows.map((row) => [row.case, row.target]));
  const told = Array.from(aims, ([name, { ratio, waste }]) => `${name} ${ratio.toFixed(2)} and ${percent(waste, 1)}`);
  return `# Processes that share an account through Redis

\`npm run bench:fleet -- --contestant=all --write\`: processes as children over HTTP to the simulator, and a real \`redis-server\`; all but
tidegate are told the limits. Aims for wall / bound and waste: ${told.join('; ')}.

${table([head, head.map(() => '---'), ...lines])}
`;
}

function table(rows: readonly (readonly string[])[]): string {
  return rows.map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

function percent(part: number, digits: number): string {
  return `${(100 * part).toFixed(digits)} %`;
}
