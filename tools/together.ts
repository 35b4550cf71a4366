import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';

/**
 * Runs the commands that are its arguments side by side, and prints what each has said once it has ended. Exits with 1
 * where one failed, after all have ended.
 */
const { NO_COLOR } = process.env;
// They write to a pipe, and would drop what a terminal shows.
const env = { ...process.env, ...(process.stdout.isTTY && !NO_COLOR ? { FORCE_COLOR: '1' } : {}) };

async function run(command: string): Promise<boolean> {
  const from = performance.now();
  const child = spawn(`${command} 2>&1`, { env, shell: true, stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = new Promise<boolean>((resolve) => {
    child.once('close', (code) => resolve(code === 0));
  });
  const said = await text(child.stdout);
  const isOk = await ended;
  const seconds = ((performance.now() - from) / 1_000).toFixed(1);
  process.stdout.write(`\n${isOk ? 'passed' : 'FAILED'}: ${command} (${seconds} s)\n${said}`);
  return isOk;
}

const results = await Promise.all(process.argv.slice(2).map(run));
process.exitCode = results.every(Boolean) ? 0 : 1;
