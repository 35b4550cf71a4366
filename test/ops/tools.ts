import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { test, type TestContext } from 'vitest';

export const ROOT: string = join(import.meta.dirname, '../..');

function find(names: readonly string[]): string | undefined {
  return names.find((name) => {
    try {
      execFileSync(name, ['--version'], { stdio: 'ignore' });
      return true;
    } catch {
      return false;
    }
  });
}

/** Names of a tool, the distribution's first; undefined when it is not installed. */
export const PROMTOOL: string | undefined = find(['promtool']);
export const PROMETHEUS: string | undefined = find(['prometheus']);
export const AMTOOL: string | undefined = find(['amtool']);
export const ALERTMANAGER: string | undefined = find(['prometheus-alertmanager', 'alertmanager']);

/** A test that needs a tool: skipped with a reason where it is missing, failed in CI. */
export function testWith(
  tool: string | undefined,
  name: string,
  title: string,
  run: (tool: string, context: TestContext) => void | Promise<void>,
  timeoutMs = 120_000,
): void {
  test(
    title,
    async (context) => {
      if (tool === undefined) {
        if (process.env['CI']) throw new Error(`${name} is not installed, and CI may not skip this test`);
        return context.skip(`${name} is not installed`);
      }
      await run(tool, context);
    },
    timeoutMs,
  );
}

/** Runs a tool from the root of the repository. @throws Error with what the tool printed. */
export function runTool(tool: string, args: readonly string[], input?: string): string {
  try {
    return execFileSync(tool, args, { cwd: ROOT, encoding: 'utf8', stdio: 'pipe', ...(input !== undefined && { input }) });
  } catch (error) {
    const { stdout, stderr } = error as { stdout?: string; stderr?: string };
    throw new Error(`${tool} ${args.join(' ')}\n${stdout ?? ''}${stderr ?? ''}`, { cause: error });
  }
}
