import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import type { TestContext } from 'vitest';
import { isInstalled } from '../../tools/stack/binaries.ts';

export const ROOT: string = join(import.meta.dirname, '../..');

/** Timeout of a test that runs a tool; two slow cores evaluate a day of rules in 15 s. */
export const TOOL_TIMEOUT_MS = 120_000;

/** Binaries of each tool, the distribution's name first. */
const BINARIES = {
  promtool: ['promtool'],
  amtool: ['amtool'],
  prometheus: ['prometheus'],
  alertmanager: ['prometheus-alertmanager', 'alertmanager'],
} as const;

export type Tool = keyof typeof BINARIES;

/** The binary of a tool; if it is not installed, skips the test with a message, or fails it in CI. */
export function need(tool: Tool, context: TestContext): string {
  const binary = BINARIES[tool].find(isInstalled);
  if (binary !== undefined) return binary;
  if (process.env['CI']) throw new Error(`${tool} is not installed, and CI may not skip this test`);
  return context.skip(`${tool} is not installed`);
}

/** Runs a tool from the root of the repository. @returns its output. @throws Error with its output */
export function runTool(binary: string, args: readonly string[]): string {
  try {
    // They are short and small: a third of the cost of rule tests was Go's garbage collection.
    const env = { ...process.env, GOGC: '400' };
    return execFileSync(binary, args, { cwd: ROOT, env, encoding: 'utf8', stdio: 'pipe' });
  } catch (error) {
    const { stdout, stderr } = error as { stdout?: string; stderr?: string };
    throw new Error(`${binary} ${args.join(' ')}\n${stdout ?? ''}${stderr ?? ''}`, { cause: error });
  }
}
