import type { Cell } from './cell.ts';
import type { Execution } from './execute.ts';

/** The warning about an unguarded request. */
export const PAST: RegExp = /went past tidegate/;

/** What `burst.cjs` reports. */
interface Report {
  readonly clients: Readonly<
    Record<string, { readonly calls: number; readonly lost: number; readonly reason?: string }>
  >;
  readonly checks: Readonly<Record<string, unknown>>;
}

/** @returns What is wrong; empty if the execution is as expected. */
export function faultOf({ expect, says }: Pick<Cell, 'expect' | 'says'>, { ok, output }: Execution): string {
  const tail = output.slice(-2_000);
  if (expect instanceof RegExp) {
    if (ok) return `ended well where ${expect} was expected`;
    return expect.test(output) ? '' : `did not say ${expect}: ${tail}`;
  }
  if (!ok) return `failed: ${tail}`;
  if (says && !says.test(output)) return `did not say ${says}: ${tail}`;
  if (expect === 'passes') return '';
  // Guarded clients must not be reported as unguarded.
  if (expect === 'guarded' && output.includes('TidegateWarning')) return `warned: ${tail}`;
  const reports = reportsIn(output);
  if (reports.length === 0) return `no report: ${tail}`;
  return reports.flatMap((report) => [...faultsOfClients(report, expect), ...faultsOfChecks(report)]).join('; ');
}

function reportsIn(output: string): Report[] {
  return [...output.matchAll(/@matrix (\{.*\})/g)].map(([, json]) => JSON.parse(json!) as Report);
}

function* faultsOfClients({ clients }: Report, expect: 'guarded' | 'loses'): Generator<string> {
  if (Object.keys(clients).length === 0) yield 'no client';
  for (const [name, { calls, lost, reason }] of Object.entries(clients)) {
    if (expect === 'guarded' && lost > 0) yield `${name} lost ${lost} of ${calls} calls: ${reason}`;
    if (expect === 'loses' && lost === 0) yield `${name} lost none of ${calls} calls`;
  }
}

/** A failed check says what it saw. */
function* faultsOfChecks({ checks }: Report): Generator<string> {
  for (const [name, seen] of Object.entries(checks)) if (seen !== true) yield `${name}: ${JSON.stringify(seen)}`;
}
