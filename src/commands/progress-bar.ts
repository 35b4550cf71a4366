import library, { type MultiBar, type Options, type Params, type SingleBar } from 'cli-progress';
import type { CommandIo } from './command-io.ts';

/** What a bar shows: how far it is, and in words. */
export interface BarState {
  readonly done: number;
  readonly total: number;
  /** Beside the bar. */
  readonly text: string;
  /** Below it. */
  readonly below?: string;
}

const CELLS = 20;
const NARROW_CELLS = 10;
const NARROW_COLUMNS = 72;

/** A bar at the end of a terminal, until it is cleared; shown anew it comes back. */
export class ProgressBar {
  readonly #terminal: NonNullable<CommandIo['terminal']>;
  #bars: MultiBar | undefined;
  #bar: SingleBar | undefined;
  #below: SingleBar | undefined;

  constructor(terminal: NonNullable<CommandIo['terminal']>) {
    this.#terminal = terminal;
  }

  show({ done, total, text, below }: BarState): void {
    if (!this.#bars) {
      this.#bars = new library.MultiBar({
        stream: this.#terminal,
        fps: 4,
        barCompleteChar: '#',
        barIncompleteChar: '.',
        clearOnComplete: true,
        // Lines that wrap could not be drawn over.
        linewrap: true,
        // After a change of the terminal's size what it shows is not what was drawn.
        forceRedraw: true,
        emptyOnZero: true,
        // Signals are the command's affair.
        gracefulExit: false,
      });
      this.#bar = this.#bars.create(total, done, { text }, { format: barLine });
    }
    this.#bar!.setTotal(total);
    this.#bar!.update(done, { text });
    if (below === undefined) return;
    this.#below ??= this.#bars.create(total, done, { text: below }, { format: textLine });
    this.#below.update(done, { text: below });
  }

  /** Takes it away; a line of its own may follow. */
  clear(): void {
    this.#bars?.stop();
    this.#bars = this.#bar = this.#below = undefined;
  }
}

interface Payload {
  readonly text: string;
}

function barLine(options: Options, params: Params, { text }: Payload): string {
  const { progress, maxWidth } = params as Params & { readonly maxWidth: number };
  const barsize = maxWidth < NARROW_COLUMNS ? NARROW_CELLS : CELLS;
  const bar = library.Format.BarFormat(progress, { ...options, barsize });
  const percent = `${Math.floor(progress * 100)} %`.padStart(5);
  return `[${bar}] ${percent}  ${text}`.slice(0, maxWidth - 1);
}

function textLine(_options: Options, params: Params, { text }: Payload): string {
  return text.slice(0, (params as Params & { readonly maxWidth: number }).maxWidth - 1);
}
