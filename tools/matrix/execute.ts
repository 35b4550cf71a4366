import { spawn } from 'node:child_process';

export interface Execution {
  readonly ok: boolean;
  readonly stdout: string;
  /** Both streams, interleaved as received. */
  readonly output: string;
}

/** Runs a command to its end or timeout; its children end with it. */
export function execute(
  argv: readonly string[],
  options: { readonly cwd: string; readonly env: NodeJS.ProcessEnv; readonly seconds: number },
): Promise<Execution> {
  const { cwd, env, seconds } = options;
  return new Promise((resolve) => {
    const [command, ...args] = argv;
    // A process group of its own, so that servers which the command started can be ended with it.
    const child = spawn(command!, args, { cwd, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
    let stdout = '';
    let output = '';
    const timer = setTimeout(() => {
      output += `\nstopped after ${seconds} s`;
      endGroup(child.pid);
    }, seconds * 1_000);
    child.stdout.on('data', (chunk: Buffer) => {
      stdout += chunk.toString();
      output += chunk.toString();
    });
    child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
    const finish = (ok: boolean): void => {
      clearTimeout(timer);
      resolve({ ok, stdout, output: output.trim() });
    };
    child.once('error', (error) => {
      output += error.message;
      finish(false);
    });
    // Children left behind hold its output open.
    child.once('exit', () => endGroup(child.pid));
    child.once('close', (code) => finish(code === 0));
  });
}

function endGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // It has already exited.
  }
}
