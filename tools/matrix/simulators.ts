import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Cell } from './cell.ts';

type Environment = Readonly<Record<string, string>>;

export interface Simulators {
  /**
   * Addresses for the programs of a cell: those that have to lose calls use slow simulators, since a busy machine
   * spreads a burst.
   */
  environmentOf(cell: Pick<Cell, 'expect'>): Environment;
  stop(): void;
}

/** @param folder Contains the package and `simulators.mjs`. */
export async function startSimulators(folder: string): Promise<Simulators> {
  const child = spawn(process.execPath, ['simulators.mjs'], { cwd: folder, stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout });
  const [line] = (await Promise.race([once(lines, 'line'), once(child, 'exit')])) as [unknown];
  if (typeof line !== 'string') throw new Error('The simulators did not start.');
  const { quick, slow } = JSON.parse(line) as Record<'quick' | 'slow', Record<string, string>>;
  return {
    environmentOf: ({ expect }) => environment(expect === 'loses' ? slow : quick),
    stop: () => child.stdin.end(),
  };
}

function environment(urls: Readonly<Record<string, string>>): Environment {
  return Object.fromEntries(Object.entries(urls).map(([name, url]) => [`MATRIX_${name.toUpperCase()}_URL`, url]));
}
