// One process of a fleet: makes the calls it is told to make, and reports the result of each.
import type { Send } from '../pacing/contestants/contestant.ts';
import { FLEETS, type Opened } from './contestants.ts';
import type { WorkerAnswer, WorkerCommand } from './messages.ts';

let opened: Opened | undefined;
let outstanding = 0;
let leaving = false;

process.on('message', (command: WorkerCommand) => {
  switch (command.type) {
    case 'setup':
      void (async () => {
        opened = await FLEETS[command.contestant]!(command);
        // Warms up the HTTP client; this route has no limit.
        await (await fetch(`${command.url}/models`)).arrayBuffer();
        answer({ type: 'ready' });
      })();
      break;
    case 'call':
      for (const job of command.jobs) void make(opened!.send, job);
      break;
    case 'leave':
      leaving = true;
      void leaveWhenDone();
      break;
  }
});

// The parent process is gone: there is no one to report to.
process.once('disconnect', () => process.exit());

async function make(send: Send, job: Parameters<Send>[0]): Promise<void> {
  outstanding++;
  let error: string | undefined;
  try {
    await send(job);
  } catch (thrown) {
    const { name, status } = thrown as Error & { readonly status?: number };
    error = status === undefined ? name : `${name} ${status}`;
  }
  outstanding--;
  answer({ type: 'called', id: job.id, error });
  void leaveWhenDone();
}

async function leaveWhenDone(): Promise<void> {
  if (!leaving || outstanding > 0) return;
  leaving = false;
  await opened?.close();
  answer({ type: 'left', warnings: opened?.warnings ?? [] }, () => process.exit());
}

function answer(message: WorkerAnswer, sent?: () => void): void {
  process.send!(message, undefined, undefined, sent);
}
