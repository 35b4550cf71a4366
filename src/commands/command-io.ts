/** What a command may touch of the process; the command line fills it in, a test its own. */
export interface CommandIo {
  /** Writes a line to standard output. */
  out(text: string): void;
  /** Writes a line to standard error. */
  err(text: string): void;
  /** Resolves when the user stops the command (Ctrl-C). */
  readonly untilStopped: Promise<void>;
}
