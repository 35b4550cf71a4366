/** A series selector of an expression: its metric name and the labels it matches on. */
export interface SeriesUse {
  readonly name: string;
  readonly labels: readonly string[];
}

const WORDS = new Set(
  (
    'and or unless on ignoring by without group_left group_right offset bool sum min max avg count topk bottomk rate increase ' +
    'avg_over_time max_over_time min_over_time deriv histogram_quantile absent sort sort_desc clamp_min clamp_max vector ' +
    'label_replace time changes delta quantile last_over_time'
  ).split(' '),
);

/** Every series that an expression selects. A scanner, not a parser: enough for expressions that promtool has accepted. */
export function seriesIn(expr: string): SeriesUse[] {
  const text = expr
    .replaceAll(/"(?:[^"\\]|\\.)*"/g, '""')
    .replaceAll(/\b(?:by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)/g, ' ')
    .replaceAll(/\[[^\]]*\]/g, ' ')
    .replaceAll(/\boffset\s+\S+/g, ' ');
  const uses: SeriesUse[] = [];
  for (const match of text.matchAll(
    /([a-zA-Z_:][a-zA-Z0-9_:]*)?\s*(?:\{([^}]*)\})|([a-zA-Z_:][a-zA-Z0-9_:]*)(?!\s*[({\w:])/g,
  )) {
    const name = match[1] ?? match[3] ?? '';
    if (WORDS.has(name) || (match[2] === undefined && name === '')) continue;
    const labels = (match[2] ?? '').split(',').flatMap((matcher) => /^\s*([a-zA-Z_]\w*)/.exec(matcher)?.[1] ?? []);
    if (name === '' && labels.includes('__name__')) continue;
    uses.push({ name, labels });
  }
  return uses;
}

/** A dashboard query with every variable replaced as for "All". */
export function concrete(expr: string): string {
  return expr
    .replaceAll('$__rate_interval', '5m')
    .replaceAll('$__range', '1h')
    .replaceAll(/\$(cluster|namespace|job|instance|provider|model)\b/g, '.*');
}

/** An aggregation in an expression. */
export interface Aggregation {
  /** `sum`, `topk`. */
  readonly operator: string;
  /** Labels that are kept. Empty without a clause, or with `without`. */
  readonly by: readonly string[];
  /** The aggregated expression. */
  readonly of: string;
}

const AGGREGATION =
  /(?<![\w:])(sum|min|max|avg|count|group|stddev|stdvar|quantile|topk|bottomk|count_values)\s*(?:by\s*\(([^)]*)\)\s*|without\s*\([^)]*\)\s*)?\(/g;

const list = (labels: string | undefined): string[] => labels?.split(/\s*,\s*/).map((label) => label.trim()) ?? [];

/** Every aggregation of an expression, including nested ones. */
export function aggregationsIn(expr: string): Aggregation[] {
  const text = expr.replaceAll(/"(?:[^"\\]|\\.)*"/g, (quoted) => `"${'_'.repeat(quoted.length - 2)}"`);
  return [...text.matchAll(AGGREGATION)].map(({ 0: opening, 1: operator, 2: labels, index }) => {
    const from = index + opening.length;
    let depth = 1;
    let to = from;
    for (; to < text.length && depth > 0; to += 1) depth += text[to] === '(' ? 1 : text[to] === ')' ? -1 : 0;
    return { operator: operator!, by: list(labels), of: expr.slice(from, to - 1) };
  });
}

/** Labels of every `on` of an expression; none for `ignoring`, which is the opposite. */
export function joinsIn(expr: string): string[][] {
  const joins = expr.matchAll(/(?<![\w:])(on|ignoring)\s*\(([^)]*)\)/g);
  return [...joins].map(([, word, labels]) => (word === 'on' ? list(labels) : []));
}
