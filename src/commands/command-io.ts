/** The parts of the process that a command may use; tests replace them. */
export interface CommandIo {
  /** Writes a line to standard output. */
  out(text: string): void;
  /** Writes a line to standard error. */
  err(text: string): void;
  /** Resolves when standard output can take more: await it when writing a lot. */
  drained(): Promise<void>;
  /** Standard input. */
  input(): AsyncIterable<Uint8Array>;
  /** Standard error if it is a terminal, for transient output. */
  readonly terminal?: NodeJS.WritableStream & { readonly isTTY: boolean; readonly columns: number };
  /** Whether `out` writes to a terminal. */
  readonly outIsTerminal?: boolean;
  /** Takes over the terminal and its keys. Only if standard input and output are terminals. */
  readonly screen?: (onKey: (key: string) => void) => Screen;
  /** Resolves when the user stops the command (Ctrl-C). */
  readonly untilStopped: Promise<void>;
}

/** A full-screen terminal. */
export interface Screen {
  /** Current number of lines. */
  readonly lines: number;
  /** Current width. */
  readonly columns: number;
  /** Replaces the screen's content. */
  draw(text: string): void;
  /** Restores the terminal. */
  close(): void;
}
