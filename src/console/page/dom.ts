type Child = Node | string;

/** An element with a class, attributes and children. Text is never parsed as markup. */
export function el<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Readonly<Record<string, string>> = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

/** The element with this id, which must exist. */
export function byId(id: string): HTMLElement {
  return document.getElementById(id)!;
}

/** Sets a text only if it changed, so that screen readers do not announce it again. */
export function setText(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

export function setAttribute(element: Element, name: string, value: string): void {
  if (element.getAttribute(name) !== value) element.setAttribute(name, value);
}

export interface Item<T> {
  readonly element: Element;
  update(value: T): void;
}

/** Children of an element, one for each value. Values that stay keep their element and its focus. */
export class KeyedList<T> {
  readonly #parent: Element;
  readonly #make: () => Item<T>;
  readonly #items = new Map<string, Item<T>>();

  constructor(parent: Element, make: () => Item<T>) {
    this.#parent = parent;
    this.#make = make;
  }

  update(values: readonly T[], keyOf: (value: T, index: number) => string): void {
    const left = new Set(this.#items.keys());
    let place = this.#parent.firstElementChild;
    for (const [index, value] of values.entries()) {
      const key = keyOf(value, index);
      left.delete(key);
      let item = this.#items.get(key);
      if (!item) this.#items.set(key, (item = this.#make()));
      item.update(value);
      if (item.element === place) place = place.nextElementSibling;
      else this.#parent.insertBefore(item.element, place);
    }
    for (const key of left) {
      this.#items.get(key)!.element.remove();
      this.#items.delete(key);
    }
  }
}

const SVG = 'http://www.w3.org/2000/svg';
const WIDTH = 100;
const HEIGHT = 30;

/** A sparkline. @returns the function that draws it */
export function spark(): {
  readonly element: SVGElement;
  draw(values: readonly (number | null)[], top?: number): void;
} {
  const svg = document.createElementNS(SVG, 'svg');
  for (const [name, value] of Object.entries({
    class: 'spark',
    viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
    preserveAspectRatio: 'none',
    'aria-hidden': 'true',
  })) {
    svg.setAttribute(name, value);
  }
  const [area, line, mark] = ['polygon', 'polyline', 'line'].map((tag) => document.createElementNS(SVG, tag));
  svg.append(area!, line!, mark!);
  return {
    element: svg,
    draw(values, top) {
      const most = Math.max(top ?? 0, ...values.map((value) => value ?? 0)) || 1;
      const step = WIDTH / Math.max(1, values.length - 1);
      const y = (value: number): string => (HEIGHT - (value / most) * HEIGHT).toFixed(1);
      // One value does not make a line.
      const known = values.length > 1 ? values : [];
      const points = known.map((value, index) => `${(index * step).toFixed(1)},${y(value ?? 0)}`).join(' ');
      setAttribute(line!, 'points', points);
      setAttribute(area!, 'points', points === '' ? '' : `0,${HEIGHT} ${points} ${WIDTH},${HEIGHT}`);
      if (top === undefined) return;
      for (const [name, value] of [
        ['x1', '0'],
        ['x2', String(WIDTH)],
        ['y1', y(top)],
        ['y2', y(top)],
      ] as const) {
        setAttribute(mark!, name, value);
      }
    },
  };
}
