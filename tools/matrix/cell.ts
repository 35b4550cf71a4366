/** An empty folder into which packages are installed once; many cells may run in it. */
export interface Folder {
  readonly name: string;
  /** Besides the tarball; aliases as npm writes them. */
  readonly packages: Readonly<Record<string, string>>;
  /** False to leave tidegate itself out. Default true. */
  readonly tidegate?: boolean;
  /** Packages whose install scripts run; a runtime may install itself that way. */
  readonly scripts?: readonly string[];
}

/** A command; the first word is looked up in the folder's `node_modules/.bin`, or is Node. */
export interface Step {
  readonly argv: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/**
 * The expected result of a cell's last step.
 * - `guarded`: every client got an answer to every call.
 * - `loses`: every client lost calls. A control, or a set-up that cannot be guarded; `note` says why.
 * - `passes`: it exited with 0.
 * - a pattern: it failed with output that matches.
 */
export type Expectation = 'guarded' | 'loses' | 'passes' | RegExp;

/** One set-up as a user may have it. */
export interface Cell {
  /** Matched by `--only`; unique. */
  readonly id: string;
  /** Table, row and column in which it is published. Cells of one place are published together. Controls have none. */
  readonly place?: readonly [section: string, row: string, column: string];
  readonly folder: Folder;
  /** Files, written into a directory of the cell's own inside the folder. */
  readonly files: Readonly<Record<string, string>>;
  readonly steps: readonly Step[];
  /** Version of Node; default: the one that runs this script. */
  readonly node?: string;
  readonly expect: Expectation;
  /** Additional required output of the last step. */
  readonly says?: RegExp;
  /** A sentence for users of this set-up: what is not guarded, and what to do. */
  readonly note?: string;
  /** Timeout of a step in seconds. Default 120. */
  readonly seconds?: number;
}

export interface Result {
  readonly cell: Cell;
  readonly ok: boolean;
  /** Empty, or what happened instead of what was expected. */
  readonly fault: string;
  readonly milliseconds: number;
}
