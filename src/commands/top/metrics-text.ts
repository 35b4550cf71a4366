/** One line of a metrics page. */
export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

const LINE = /^([A-Za-z_:][\w:]*)(?:\{(.*)\})?\s+(\S+)/;
const LABEL = /([A-Za-z_]\w*)="((?:[^"\\]|\\.)*)"/g;
const ESCAPES: Readonly<Record<string, string>> = { n: '\n', '"': '"', '\\': '\\' };

/** Reads the samples of these names from a page in Prometheus' or OpenMetrics' text format, skipping invalid lines. */
export function parseMetrics(text: string, wanted: (name: string) => boolean): Sample[] {
  const samples: Sample[] = [];
  for (const line of text.split('\n')) {
    if (line.startsWith('#')) continue;
    const [, name, labels, number] = LINE.exec(line) ?? [];
    if (name === undefined || number === undefined || !wanted(name)) continue;
    const value = Number(number);
    if (Number.isNaN(value)) continue;
    const pairs = Array.from(labels?.matchAll(LABEL) ?? [], ([, key, text]) => [
      key!,
      text!.replace(/\\(.)/g, (whole, escaped: string) => ESCAPES[escaped] ?? whole),
    ]);
    samples.push({ name, labels: Object.fromEntries(pairs) as Record<string, string>, value });
  }
  return samples;
}
