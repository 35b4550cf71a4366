import type { CommandIo } from '../../src/commands/command-io.ts';

/** A stand-in for the process: records output, and can be stopped. */
export class FakeIo implements CommandIo {
  readonly outLines: string[] = [];
  readonly errLines: string[] = [];
  /** Content of standard input. */
  typed = '';
  terminal?: NonNullable<CommandIo['terminal']>;
  readonly untilStopped: Promise<void>;
  #stop: () => void = () => {};
  #waiting: { pattern: RegExp; resolve: (match: RegExpExecArray) => void }[] = [];

  constructor() {
    this.untilStopped = new Promise((resolve) => {
      this.#stop = resolve;
    });
  }

  out(text: string): void {
    this.outLines.push(text);
    this.#written(text);
  }

  err(text: string): void {
    this.errLines.push(text);
    this.#written(text);
  }

  drained(): Promise<void> {
    return Promise.resolve();
  }

  async *input(): AsyncGenerator<Uint8Array> {
    yield Buffer.from(this.typed);
  }

  stop(): void {
    this.#stop();
  }

  /** Resolves with the first match that is written from now on, to output or errors. */
  line(pattern: RegExp): Promise<RegExpExecArray> {
    return new Promise((resolve) => this.#waiting.push({ pattern, resolve }));
  }

  #written(text: string): void {
    this.#waiting = this.#waiting.filter(({ pattern, resolve }) => {
      const match = pattern.exec(text);
      if (match) resolve(match);
      return !match;
    });
  }
}
