import { fork } from 'node:child_process';
import { once } from 'node:events';
import type { Answer } from './memory-fetch.ts';

/** Serves answers by name from a process of its own; resolves to a fetch for each. The process ends with this one. */
export async function startLoopback<Name extends string>(
  answers: Readonly<Record<Name, Answer>>,
): Promise<(name: Name) => typeof fetch> {
  const server = fork(new URL('loopback-server.ts', import.meta.url));
  server.send(answers);
  const [port] = (await once(server, 'message')) as [number];
  server.unref();
  server.channel?.unref();
  return (name) => (_input, init) => fetch(`http://127.0.0.1:${port}/${name}`, init);
}
