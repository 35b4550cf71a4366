import library, { type MultiBar, type Options, type Params, type SingleBar } from 'cli-progress';
import type { CommandIo } from './command-io.ts';

/** Content of a bar: progress and text. */
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

/** A bar at the end of the terminal, until it is cleared. */
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
        // Wrapped lines could not be redrawn.
        linewrap: true,
        // After a resize, the terminal does not show what was drawn.
        forceRedraw: true,
        emptyOnZero: true,
        // The command handles signals.
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

  /** Clears the bar, so that a permanent line may follow. */
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
