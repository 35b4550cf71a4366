import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { freePort } from '../../tools/stack/server.ts';
import { ROOT } from './tools.ts';
import { until } from '../helpers/real-time.ts';

/**
 * Runs a server on a free loopback port while `use` talks to it.
 * @param args Arguments for the port. @throws Error when it is not ready within 20 s.
 */
export async function withServer<T>(
  binary: string,
  args: (port: number) => readonly string[],
  use: (url: string) => Promise<T>,
): Promise<T> {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const child = spawn(binary, args(port), { cwd: ROOT, stdio: 'ignore' });
  const exited = once(child, 'exit');
  try {
    await ready(url);
    return await use(url);
  } finally {
    child.kill();
    await exited;
  }
}

async function ready(url: string): Promise<void> {
  const isReady = async (): Promise<boolean> =>
    fetch(`${url}/-/ready`).then(
      ({ ok }) => ok,
      () => false,
    );
  await until(`${url} becomes ready`, isReady, 50);
}
