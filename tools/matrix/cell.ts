/** An empty folder into which packages are installed once; many cells may run in it. */
export interface Folder {
  readonly name: string;
  /** Beside the tarball; aliases as npm writes them. */
  readonly packages: Readonly<Record<string, string>>;
  /** False where tidegate itself is not to be there. Default true. */
  readonly tidegate?: boolean;
  /** Runs the install scripts of these; a runtime may be put in place by its own. */
  readonly scripts?: readonly string[];
}

/** A command; the first word is found in the folder's `node_modules/.bin`, or is Node. */
export interface Step {
  readonly argv: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/**
 * What the last step of a cell has to show.
 * - `guarded`: every client got an answer to every call.
 * - `loses`: every client lost calls. A control, or a set-up that cannot be guarded; `note` says why.
 * - `passes`: it ended with 0.
 * - a pattern: it failed, and said so.
 */
export type Expectation = 'guarded' | 'loses' | 'passes' | RegExp;

/** One set-up as a user may have it. */
export interface Cell {
  /** What `--only` looks in; unique. */
  readonly id: string;
  /** Table, row and column in which it is published. Cells of one place are published as one. Controls have none. */
  readonly place?: readonly [section: string, row: string, column: string];
  readonly folder: Folder;
  /** Written into a directory of the cell's own inside the folder. */
  readonly files: Readonly<Record<string, string>>;
  readonly steps: readonly Step[];
  /** Version of Node; the one that runs this script where absent. */
  readonly node?: string;
  readonly expect: Expectation;
  /** What the last step has to print besides. */
  readonly says?: RegExp;
  /** A sentence for whoever meets this: what is not guarded here and what to do. */
  readonly note?: string;
  /** Longest time of a step in seconds. Default 120. */
  readonly seconds?: number;
}

export interface Result {
  readonly cell: Cell;
  readonly ok: boolean;
  /** Empty, or what was seen instead of what was expected. */
  readonly fault: string;
  readonly milliseconds: number;
}
