import type { Command } from 'commander';
import { define, readArguments } from '../arguments.ts';
import type { CommandIo } from '../command-io.ts';
import { advise } from './advise.ts';
import { reportText } from './report-text.ts';
import { summarize } from './summarize.ts';

const ABOUT = `What a record of limit hits says, by limit: how often, when, for which models, and what would have stayed inside.
Records are written by recordHits(), or by TIDEGATE_HITS=<file> with tidegate/register. Hours are UTC.`;

const MORE = `Exit codes: 0, 1 for a file that cannot be read or is no record, 2 for bad arguments.

Examples:

  tidegate report hits.jsonl
  tidegate report hits.jsonl hits.jsonl.1 hits.jsonl.2 --json`;

export const reportDefinition = (): Command =>
  define('report', 'what a record of limit hits says: which, when, and what would have stayed inside', ABOUT, MORE)
    .argument('[records...]', 'files of a record; those that were rotated too')
    .option('--json', 'the same as JSON');

/** `tidegate report`: reads records of limit hits. @returns The exit code. */
export async function report(args: readonly string[], io: CommandIo): Promise<number> {
  const read = readArguments(reportDefinition(), args, io, ({ options, args: paths }) => {
    if (paths.length === 0) throw new Error('Expected a record of limit hits.');
    return { paths, json: options['json'] === true };
  });
  if (typeof read === 'number') return read;
  const { paths, json } = read;
  try {
    const summary = await summarize(paths);
    if (summary.lines > 0 && summary.lines === summary.skipped) throw new Error('Not a record of limit hits.');
    const limits = summary.limits.map((limit) => {
      const calls = summary.pools.find(({ pool }) => pool === limit.pool);
      return { ...limit, advice: advise(limit, calls) };
    });
    io.out(json ? JSON.stringify({ ...summary, limits }) : reportText({ ...summary, limits }));
    return 0;
  } catch (error) {
    io.err((error as Error).message);
    return 1;
  }
}
