import { writeFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { define, readArguments } from '../arguments.ts';
import type { CommandIo } from '../command-io.ts';
import { isSameFile } from '../same-file.ts';
import { errorText } from '../error-text.ts';
import { allSpooled } from '../spool.ts';
import { advise } from './advise.ts';
import { reportHtml } from './report-html.ts';
import { reportText } from './report-text.ts';
import { summarize } from './summarize.ts';
import { type Change, parseChange, whatIf, whatIfText } from './what-if.ts';

const ABOUT = `Summarises a record of limit hits by limit: how often, when, for which models, and what would have prevented them.
Records are written by recordHits(), or by TIDEGATE_HITS=<file> with tidegate/register. Hours are UTC.`;

const MORE = `Exit codes: 0, 1 for a file that cannot be read or is no record, or a --what-if that none of its calls can be replayed with, 2 for
bad arguments.

Examples:

  tidegate report hits.jsonl
  tidegate report hits.jsonl hits.jsonl.1 hits.jsonl.2 --json
  tidegate report hits.jsonl --html report.html
  zcat old-hits.jsonl.gz | tidegate report -
  tidegate report hits.jsonl --what-if tier=launch --what-if max_tokens=800`;

export const reportDefinition = (): Command =>
  define('report', 'summarises a record of limit hits: which, when, and what would have prevented them', ABOUT, MORE)
    .argument('[records...]', 'files of a record; those that were rotated too, or - for standard input')
    .option('--json', 'the same as JSON')
    .option('--html <file>', 'the same as a page with charts; - for standard output')
    .option(
      '--what-if <change>',
      'replays the calls of a record (record: "all") through the pacer with other limits: tier=<name>, rpm, tpm, itpm, otpm, rpd or ' +
        'tpd=<n>, max_tokens=<n>, or several with commas; may be repeated',
      collect,
    );

function collect(value: string, before: readonly string[] | undefined): readonly string[] {
  return [...(before ?? []), value];
}

/** `tidegate report`: reads records of limit hits. @returns The exit code. */
export async function report(args: readonly string[], io: CommandIo): Promise<number> {
  const read = readArguments(reportDefinition(), args, io, ({ options, args: paths }) => {
    if (paths.length === 0) throw new Error('Expected a record of limit hits.');
    const changes = ((options['whatIf'] ?? []) as string[]).map(parseChange);
    const read = { paths, json: options['json'] === true, html: options['html'] as string | undefined, changes };
    if (read.json && read.html !== undefined) throw new Error('Expected --json or --html, got both.');
    return read;
  });
  if (typeof read === 'number') return read;
  const { paths, html } = read;
  try {
    for (const [index, path] of paths.entries()) {
      if (html !== undefined && html !== '-' && (await isSameFile(path, html))) {
        io.err(`${html} would be both read and written.`);
        return 2;
      }
      for (const other of paths.slice(0, index)) {
        if (path !== other && (path === '-' || other === '-' || !(await isSameFile(path, other)))) continue;
        io.err(`${path} would be counted twice.`);
        return 2;
      }
    }
    return await allSpooled(paths, io, (spooled) => tell({ ...read, paths: spooled }, io));
  } catch (error) {
    io.err(errorText(error, paths.length === 1 ? paths[0] : 'one of the records'));
    return 1;
  }
}

interface Asked {
  readonly paths: readonly string[];
  readonly json: boolean;
  readonly html: string | undefined;
  readonly changes: readonly Change[];
}

/** @returns The exit code. */
async function tell({ paths, json, html, changes }: Asked, io: CommandIo): Promise<number> {
  const summary = await summarize(paths);
  if (summary.lines > 0 && summary.lines === summary.skipped) throw new Error('Not a record of limit hits.');
  const limits = summary.limits.map((limit) => {
    const calls = summary.pools.find(({ pool }) => pool === limit.pool);
    return { ...limit, advice: advise(limit, calls) };
  });
  const whatIfs = await Promise.all(changes.map((change) => whatIf(paths, change)));
  const results = whatIfs.flatMap((each) => each.results);
  const code = Number(whatIfs.some((each) => each.results.length === 0));
  if (html !== undefined) {
    const page = await reportHtml({ ...summary, limits, whatIfs: results });
    if (html === '-') io.out(page.trimEnd());
    else await writeFile(html, page);
    for (const note of whatIfs.flatMap(({ notes }) => notes)) io.err(note);
    return code;
  }
  if (json) {
    const notes = whatIfs.flatMap((each) => each.notes);
    io.out(JSON.stringify({ ...summary, limits, ...(changes.length > 0 && { whatIf: results, notes }) }));
    return code;
  }
  io.out([reportText({ ...summary, limits }), ...whatIfs.map(whatIfText)].join('\n\n'));
  return code;
}
