import uPlot from 'uplot';
import { el, type Item, KeyedList, setText } from './dom.ts';
import { clock } from './time.ts';

export interface Line {
  readonly name: string;
  /** Index of a colour. */
  readonly colour: number;
  readonly values: readonly (number | null)[];
}

interface Drawn {
  /** Seconds since 1970. */
  readonly times: readonly number[];
  readonly lines: readonly Line[];
  readonly unit: string;
  readonly window: { readonly to: number; readonly seconds: number };
}

interface ChartSettings {
  readonly title: string;
  readonly kind: 'lines' | 'bars';
  readonly format: (value: number) => string;
  /** Value of a horizontal line. */
  readonly mark?: number | undefined;
  /** Minimum of the axis's upper end. */
  readonly least: number;
  readonly sync: uPlot.SyncPubSub;
}

const HEIGHT = 150;
const NARROWEST = 120;
/** Rows of the equivalent table. */
const MAX_ROWS = 60;

/** A chart with its legend, and a table of the same numbers. */
export class Chart {
  readonly element: HTMLElement;
  readonly #kind: 'lines' | 'bars';
  readonly #mark: number | undefined;
  #least: number;
  readonly #sync: uPlot.SyncPubSub;
  #format: (value: number) => string;
  readonly #title = el('span');
  readonly #unit = el('span', { class: 'unit' });
  readonly #plot = el('div', { class: 'plot', role: 'img' });
  readonly #legend: KeyedList<Line & { readonly shown: string }>;
  readonly #details: HTMLDetailsElement;
  readonly #table = el('table', { class: 'data' });
  #uplot: uPlot | undefined;
  /** Lines that the chart was built for; it is rebuilt for others. */
  #made = '';
  #drawn: Drawn | undefined;

  constructor({ title, kind, format, mark, least, sync }: ChartSettings) {
    this.#kind = kind;
    this.#mark = mark;
    this.#least = least;
    this.#sync = sync;
    this.#format = format;
    this.#title.textContent = title;
    const legend = el('ul', { class: `legend ${kind}`, 'aria-label': `Now: ${title}` });
    this.#legend = new KeyedList(legend, legendItem);
    const scroll = el(
      'div',
      { class: 'wide', tabindex: '0', role: 'region', 'aria-label': `Table: ${title}` },
      this.#table,
    );
    this.#details = el('details', {}, el('summary', {}, 'As a table'), scroll);
    this.#details.addEventListener('toggle', () => this.#fillTable());
    const heading = el('h3', {}, this.#title, this.#unit);
    this.element = el('figure', { class: 'chart' }, heading, this.#plot, legend, this.#details);
    new ResizeObserver(() => this.#resize()).observe(this.#plot);
  }

  rename(title: string, format: (value: number) => string, least: number): void {
    setText(this.#title, title);
    this.#format = format;
    this.#least = least;
  }

  update(drawn: Drawn): void {
    this.#drawn = drawn;
    setText(this.#unit, drawn.unit);
    const made = JSON.stringify([this.#kind, drawn.lines.map(({ name, colour }) => [name, colour])]);
    if (made !== this.#made) {
      this.#made = made;
      this.#make();
    }
    this.#uplot?.setData(this.#data());
    this.#showValues();
    this.#plot.setAttribute('aria-label', this.#summary());
    this.#fillTable();
  }

  recolour(): void {
    this.#make();
    this.#uplot?.setData(this.#data());
  }

  #make(): void {
    this.#uplot?.destroy();
    this.#uplot = undefined;
    const width = this.#plot.clientWidth;
    if (!this.#drawn || width < NARROWEST) return;
    const styles = getComputedStyle(document.documentElement);
    const colour = (name: string): string => styles.getPropertyValue(`--${name}`).trim();
    const axis = { stroke: colour('dim'), ticks: { show: false }, font: '11px system-ui, sans-serif' };
    const grid = { stroke: colour('line'), width: 1 };
    const lines = this.#drawn.lines.map(({ colour: number }): uPlot.Series => {
      const stroke = colour(`c${number}`);
      return this.#kind === 'lines'
        ? { stroke, width: 1.75, points: { show: false }, spanGaps: false }
        : {
            fill: stroke,
            width: 0,
            points: { show: false },
            paths: uPlot.paths.bars!({ size: [0.86, 10], align: -1 }),
          };
    });
    this.#uplot = new uPlot(
      {
        width,
        height: HEIGHT,
        padding: [8, 20, 0, 0],
        legend: { show: false },
        cursor: {
          y: false,
          drag: { x: false, y: false },
          points: { show: this.#kind === 'lines' },
          sync: { key: this.#sync.key },
        },
        scales: {
          x: { time: true, range: () => this.#window() },
          y: { range: (_chart, _least, most) => [0, this.#top(most)] },
        },
        axes: [
          {
            ...axis,
            grid: { show: false },
            size: 26,
            space: 70,
            values: (_chart, at) => at.map((each) => clock(each * 1000, this.#window()[1] - this.#window()[0] < 600)),
          },
          { ...axis, grid, size: 52, space: 34, values: (_chart, at) => at.map((each) => this.#format(each)) },
        ],
        series: [{}, ...(this.#kind === 'bars' ? lines.reverse() : lines)],
        hooks: {
          draw: [(chart) => this.#drawMark(chart, colour('bad'))],
          setCursor: [() => this.#showValues()],
        },
      },
      this.#data(),
      this.#plot,
    );
  }

  #window(): [number, number] {
    const { to, seconds } = this.#drawn!.window;
    return [to - seconds, to];
  }

  #top(most: number | null): number {
    return Math.max((most ?? 0) * 1.12, (this.#mark ?? 0) * 1.12, this.#least) || 1;
  }

  #drawMark({ ctx, bbox, valToPos }: uPlot, colour: string): void {
    if (this.#mark === undefined) return;
    const y = Math.round(valToPos(this.#mark, 'y', true)) + 0.5;
    ctx.save();
    ctx.strokeStyle = colour;
    ctx.globalAlpha = 0.7;
    ctx.setLineDash([5, 4]);
    ctx.beginPath();
    ctx.moveTo(bbox.left, y);
    ctx.lineTo(bbox.left + bbox.width, y);
    ctx.stroke();
    ctx.restore();
  }

  /** Stacked bars: the sum of all is drawn first, the others over it. */
  #data(): uPlot.AlignedData {
    const { times, lines } = this.#drawn!;
    if (this.#kind === 'lines') return [[...times], ...lines.map(({ values }) => [...values])];
    const sums = times.map(() => 0);
    const stacked = lines.map(({ values }) => sums.map((_, at) => (sums[at]! += values[at] ?? 0) || null));
    return [[...times], ...stacked.reverse()];
  }

  /** Legend values: at the pointer, else now. */
  #showValues(): void {
    if (!this.#drawn) return;
    const { times, lines } = this.#drawn;
    const at = this.#uplot?.cursor.idx ?? times.length - 1;
    const shown = lines.map((line) => ({ ...line, shown: this.#shown(line.values[at]) }));
    this.#legend.update(shown, ({ name }, index) => `${index} ${name}`);
  }

  readonly #shown = (value: number | null | undefined): string =>
    value === null || value === undefined ? '–' : this.#format(value);

  #summary(): string {
    const { lines } = this.#drawn!;
    const parts = lines.map(({ name, values }) => {
      const most = Math.max(0, ...values.map((value) => value ?? 0));
      return `${name} now ${this.#shown(values.at(-1))}, at most ${this.#format(most)}`;
    });
    return `${this.#title.textContent}. ${parts.length === 0 ? 'None' : parts.join('; ')}.`;
  }

  /** Only while it is visible. */
  #fillTable(): void {
    if (!this.#details.open || !this.#drawn) return;
    const { times, lines } = this.#drawn;
    const head = el('tr', {}, el('th', { scope: 'col' }, 'Time'));
    for (const { name } of lines) head.append(el('th', { scope: 'col' }, name));
    const rows = times
      .map((time, at) => {
        const row = el('tr', {}, el('th', { scope: 'row' }, clock(time * 1000)));
        for (const { values } of lines) row.append(el('td', {}, this.#shown(values[at])));
        return row;
      })
      .slice(-MAX_ROWS)
      .reverse();
    this.#table.replaceChildren(el('thead', {}, head), el('tbody', {}, ...rows));
  }

  #resize(): void {
    const width = this.#plot.clientWidth;
    if (width < NARROWEST) return;
    if (this.#uplot) this.#uplot.setSize({ width, height: HEIGHT });
    else this.#make();
  }
}

function legendItem(): Item<Line & { readonly shown: string }> {
  const [swatch, name, value] = [el('span', { class: 'swatch', 'aria-hidden': 'true' }), el('span'), el('b')];
  return {
    element: el('li', {}, swatch, name, ' ', value),
    update(line) {
      swatch.style.setProperty('--colour', `var(--c${line.colour})`);
      setText(name, line.name);
      setText(value, line.shown);
    },
  };
}
