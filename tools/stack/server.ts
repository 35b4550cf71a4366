import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';

export interface Server {
  /** `http://127.0.0.1:<port>`. */
  readonly url: string;
  /** Ends the process and waits for its exit; may be called more than once. */
  stop(): Promise<void>;
}

const READY_WITHIN_MS = 30_000;
const KILL_AFTER_MS = 5_000;
const KEPT_OUTPUT = 4_000;

/**
 * Starts a server of the Prometheus family on a loopback port and waits until it is ready.
 * @param port 0 for a free one. @throws Error with the end of what it printed, when it stops or is not ready in 30 s
 */
export async function startServer(
  binary: string,
  port: number,
  args: (address: string) => readonly string[],
): Promise<Server> {
  const address = `127.0.0.1:${port === 0 ? await freePort() : port}`;
  const url = `http://${address}`;
  // In a process group of its own: Ctrl-C must reach this process first, which then stops the servers in order.
  const child = spawn(binary, args(address), { stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      output = (output + chunk.toString()).slice(-KEPT_OUTPUT);
    });
  }
  const exited = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
    child.once('error', () => resolve());
  });
  const dieWithUs = (): void => void child.kill('SIGKILL');
  process.once('exit', dieWithUs);
  const stop = async (): Promise<void> => {
    await end(child, exited);
    process.removeListener('exit', dieWithUs);
  };
  const deadline = performance.now() + READY_WITHIN_MS;
  while (!(await answers(`${url}/-/ready`))) {
    const ended = await Promise.race([exited.then(() => true), wait(50, false)]);
    if (!ended && performance.now() < deadline) continue;
    await stop();
    throw new Error(`${binary} at ${url} ${ended ? 'ended' : 'was not ready within 30 s'}:\n${output}`);
  }
  return { url, stop };
}

async function end(child: ChildProcess, exited: Promise<void>): Promise<void> {
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), KILL_AFTER_MS);
  await exited;
  clearTimeout(timer);
}

async function answers(url: string): Promise<boolean> {
  try {
    return (await fetch(url)).ok;
  } catch {
    // Not listening yet.
    return false;
  }
}

/** A loopback port that is free now. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('Expected a TCP address');
  return address.port;
}
