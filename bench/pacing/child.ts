import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';

/** A process of the benchmark: messages in, messages out, an error if it dies early. */
export class Child<Command, Answer extends { readonly type: string }> {
  readonly #process: ChildProcess;
  readonly #died: Promise<never>;

  constructor(url: URL) {
    this.#process = fork(url, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    this.#died = once(this.#process, 'exit').then(([code, signal]) => {
      throw new Error(`${url.pathname} ended early (${String(code ?? signal)})`);
    });
    // Reported to a caller that awaits an answer; awaiting is optional.
    this.#died.catch(() => undefined);
  }

  send(command: Command): void {
    this.#process.send(command as object);
  }

  /** Every message from now on. */
  on(listener: (message: Answer) => void): void {
    this.#process.on('message', listener);
  }

  /** The next message of a type. */
  async next<T extends Answer['type']>(type: T): Promise<Extract<Answer, { type: T }>> {
    const answered = new Promise<Extract<Answer, { type: T }>>((resolve) => {
      const onMessage = (message: Answer): void => {
        if (message.type !== type) return;
        this.#process.off('message', onMessage);
        resolve(message as Extract<Answer, { type: T }>);
      };
      this.#process.on('message', onMessage);
    });
    return Promise.race([answered, this.#died]);
  }

  kill(): void {
    this.#process.kill('SIGKILL');
  }
}
