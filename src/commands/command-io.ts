/** What a command may touch of the process; the command line fills it in, a test its own. */
export interface CommandIo {
  /** Writes a line to standard output. */
  out(text: string): void;
  /** Writes a line to standard error. */
  err(text: string): void;
  /** Resolves when standard output can take more: await it when writing a lot. */
  drained(): Promise<void>;
  /** Standard input. */
  input(): AsyncIterable<Uint8Array>;
  /** Standard error, where it is a terminal: for what is drawn over and taken away. */
  readonly terminal?: NodeJS.WritableStream & { readonly isTTY: boolean; readonly columns: number };
  /** Whether what `out` writes goes to a terminal. */
  readonly outIsTerminal?: boolean;
  /** Takes the whole terminal, and hears each key. Only where standard input and output are one. */
  readonly screen?: (onKey: (key: string) => void) => Screen;
  /** Resolves when the user stops the command (Ctrl-C). */
  readonly untilStopped: Promise<void>;
}

/** A terminal as a whole. */
export interface Screen {
  /** Lines that it has now. */
  readonly lines: number;
  /** How wide they are. */
  readonly columns: number;
  /** Shows this text and nothing else. */
  draw(text: string): void;
  /** Gives the terminal back as it was. */
  close(): void;
}
