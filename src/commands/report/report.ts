import { parseArgs } from 'node:util';
import type { CommandIo } from '../command-io.ts';
import { advise } from './advise.ts';
import { reportText } from './report-text.ts';
import { summarize } from './summarize.ts';

const HELP = `Usage: tidegate report <record> [more files] [options]

What a record of limit hits says, by limit: how often, when, for which models, and what would have stayed inside. Records
are written by recordHits(), or by TIDEGATE_HITS=<file> with tidegate/register. Hours are UTC.

  --json   the same as JSON
  --help   this text

Exit codes: 0, 1 for a file that cannot be read or is no record, 2 for bad arguments.

Examples:

  tidegate report hits.jsonl
  tidegate report hits.jsonl hits.jsonl.1 hits.jsonl.2 --json
`;

/** `tidegate report`: reads records of limit hits. @returns The exit code. */
export async function report(args: readonly string[], io: CommandIo): Promise<number> {
  let paths: string[];
  let json: boolean;
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: { json: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } },
    });
    if (values.help === true) {
      io.out(HELP);
      return 0;
    }
    if (positionals.length === 0) throw new Error('Expected a record of limit hits.');
    paths = positionals;
    json = values.json === true;
  } catch (error) {
    io.err(`${(error as Error).message}\nRun tidegate report --help for the options.`);
    return 2;
  }
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
