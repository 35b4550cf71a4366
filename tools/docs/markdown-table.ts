/** A table with columns of even width, as the formatter leaves them. A `|` in a cell is escaped. */
export function markdownTable([head, ...rows]: readonly (readonly string[])[]): string {
  const escaped = [head!, ...rows].map((row) => row.map((text) => text.replaceAll('|', '\\|')));
  const widths = head!.map((_, column) => Math.max(3, ...escaped.map((row) => row[column]!.length)));
  const line = (row: readonly string[]): string => `| ${row.map((text, at) => text.padEnd(widths[at]!)).join(' | ')} |`;
  const [first, ...others] = escaped;
  return [line(first!), line(widths.map((width) => '-'.repeat(width))), ...others.map(line)].join('\n');
}
