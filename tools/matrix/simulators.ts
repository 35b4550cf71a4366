import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

export interface Simulators {
  /** Where programs find them. */
  readonly environment: Readonly<Record<string, string>>;
  stop(): void;
}

/** @param folder Has the package and `simulators.mjs`. */
export async function startSimulators(folder: string): Promise<Simulators> {
  const child = spawn(process.execPath, ['simulators.mjs'], { cwd: folder, stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout });
  const [line] = (await Promise.race([once(lines, 'line'), once(child, 'exit')])) as [unknown];
  if (typeof line !== 'string') throw new Error('The simulators did not start.');
  const urls = Object.entries(JSON.parse(line) as Record<string, string>);
  return {
    environment: Object.fromEntries(urls.map(([name, url]) => [`MATRIX_${name.toUpperCase()}_URL`, url])),
    stop: () => child.stdin.end(),
  };
}
