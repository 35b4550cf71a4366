import { access } from 'node:fs/promises';
import { worstCostOf } from '../../cost/worst-cost.ts';
import { isTidegateError } from '../../errors.ts';
import { readArguments } from '../arguments.ts';
import type { CommandIo } from '../command-io.ts';
import { errorText } from '../error-text.ts';
import { isSameFile } from '../same-file.ts';
import { mayHoldKey } from '../shown-url.ts';
import { type BatchArgs, batchDefinition, checkBatchArgs } from './batch-args.ts';
import { checkInput, type InputCheck } from './check-input.ts';
import { InputTotals } from './input-totals.ts';
import { forecast, forecastText } from './dry-run.ts';
import { findPrices } from './find-prices.ts';
import type { RowFormat } from './input-rows.ts';
import { BadRow, type PromptSettings, type Row } from './row-format.ts';
import { runRows } from './run-rows.ts';
import { spooled } from './spool.ts';
import { serveRows } from './workers/serve-rows.ts';
import { type BatchProvider, providerName, type Target, targetOf } from './target.ts';

/**
 * `tidegate batch`: sends the rows of a file and writes their answers.
 *
 * @returns The exit code: 0, 1 where rows failed or the run broke off, 2 for bad arguments or rows, 3 when stopped by
 * its budget, 130 when interrupted.
 */
export async function batchCommand(args: readonly string[], io: CommandIo): Promise<number> {
  const read = readArguments(batchDefinition(), args, io, checkBatchArgs);
  if (typeof read === 'number') return read;
  if (read.fleet && read.via !== 'sync') {
    io.err('--fleet sends row by row: it does not go with --via.');
    return 2;
  }
  if (read.serves) {
    try {
      return await serveRows(read, io);
    } catch (error) {
      io.err((error as Error).message);
      return 2;
    }
  }
  const prices = read.prices ?? (await findPrices());
  const batchArgs = { ...read, prices };
  try {
    await checkPaths(batchArgs);
    if (batchArgs.maxCost !== undefined && !prices) {
      throw new Error('--max-cost needs prices: name a file with --prices, or install @pydantic/genai-prices.');
    }
  } catch (error) {
    io.err(`${(error as Error).message}\nRun tidegate batch --help for the options.`);
    return 2;
  }
  try {
    return await spooled(batchArgs.input, io, (path) => checkAndRun(path, batchArgs, args, io));
  } catch (error) {
    io.err(errorText(error, batchArgs.input));
    return isTidegateError(error) || UNREADABLE.has((error as NodeJS.ErrnoException).code) ? 2 : 1;
  }
}

async function checkAndRun(path: string, args: BatchArgs, argv: readonly string[], io: CommandIo): Promise<number> {
  const settings = { ...args.prompt, api: apiOf(args) } satisfies PromptSettings;
  const { prices } = args;
  // Only a dry run and the choice of a way by its deadline look at them.
  const totals = args.dryRun || (args.via !== 'sync' && args.deadlineMs !== undefined) ? new InputTotals() : undefined;
  const bounded = ({ url, body }: Row, format: RowFormat): void => {
    const provider = providerName(providerOf(args, { format }));
    if (worstCostOf({ provider, path: url, body }, prices!) === undefined) throw new BadRow(UNBOUNDED);
  };
  const check = await checkInput(path, args.format, settings, (row, format) => {
    if (args.maxCost !== undefined) bounded(row, format);
    totals?.add(row.body);
  });
  if (check.problemCount > 0) return refuse(check, io);
  if (args.dryRun) {
    const made = forecast(totals!, args, providerName(providerOf(args, check)), prices);
    io.out(args.json ? JSON.stringify(made) : forecastText(made, prices !== undefined));
    return 0;
  }
  let target: Target;
  try {
    target = targetOf(providerOf(args, check), args.baseURL, process.env);
  } catch (error) {
    io.err((error as Error).message);
    return 2;
  }
  if (args.via !== 'sync' && target.provider === 'azure') {
    io.err('--via is of OpenAI, Anthropic and Groq: rows of Azure are sent one by one.');
    return 2;
  }
  return runRows({ path, args, check, totals, target, settings, resumeCommand: resumeCommand(argv) }, io);
}

const UNREADABLE: ReadonlySet<string | undefined> = new Set(['ENOENT', 'EISDIR', 'EACCES', 'ENOTDIR']);

const UNBOUNDED =
  '--max-cost cannot tell what it may cost at most: a known price of its model and service tier, a maximum of output tokens, ' +
  'and text only as input, would';

function refuse({ problems, problemCount }: InputCheck, io: CommandIo): number {
  for (const problem of problems) io.err(problem);
  if (problemCount > problems.length) io.err(`and ${problemCount - problems.length} more`);
  io.err('Nothing was sent.');
  return 2;
}

async function checkPaths({ input, out, errors, journal, resume }: BatchArgs): Promise<void> {
  const written = [out, errors, journal].filter((path) => path !== undefined && path !== '-') as string[];
  for (const [index, path] of written.entries()) {
    for (const other of [input, ...written.slice(0, index)]) {
      if (other !== '-' && (await isSameFile(path, other)))
        throw new Error(`${path} would be read and written at once.`);
    }
  }
  if (!resume) return;
  if (journal === undefined) throw new Error('There is nothing to resume from: name a --journal.');
  await access(journal).catch(() => {
    throw new Error(`There is no journal at ${journal} to resume from.`);
  });
}

/** Checks the arguments before the input is read. */
function apiOf({ provider, format, prompt: { model } }: BatchArgs): PromptSettings['api'] {
  if (provider !== undefined) return provider === 'anthropic' ? 'anthropic' : 'openai';
  return format === 'anthropic' || model?.startsWith('claude') === true ? 'anthropic' : 'openai';
}

function providerOf(args: BatchArgs, { format }: Pick<InputCheck, 'format'>): BatchProvider {
  return args.provider ?? (format === 'anthropic' ? 'anthropic' : apiOf(args));
}

/** The command that resumes the run. It may be logged, so a base URL that may hold a key is left blank. */
function resumeCommand(args: readonly string[]): string {
  const shown = args.map((arg, index) => {
    const [flag, url] = arg.startsWith('--base-url=') ? ['--base-url=', arg.slice(11)] : ['', arg];
    const isUrl = flag !== '' || args[index - 1] === '--base-url';
    return isUrl && mayHoldKey(url) ? `${flag}<base-url>` : arg;
  });
  const quoted = shown.map((arg) =>
    /^(?:[\w./:=@%+-]+|(?:--base-url=)?<base-url>)$/.test(arg) ? arg : `'${arg.replaceAll("'", String.raw`'\''`)}'`,
  );
  return ['npx tidegate batch', ...quoted].join(' ');
}
