import { worstCostOf } from '../../cost/worst-cost.ts';
import { isTidegateError } from '../../errors.ts';
import { readArguments } from '../arguments.ts';
import type { CommandIo } from '../command-io.ts';
import { errorText } from '../error-text.ts';
import { mayHoldKey } from '../shown-url.ts';
import { spooled } from '../spool.ts';
import { type BatchArgs, batchDefinition, checkBatchArgs } from './batch-args.ts';
import { checkKeys, checkPaths, checkPrompt, UsageError } from './before-reading.ts';
import { checkInput, type InputCheck } from './check-input.ts';
import { InputTotals } from './input-totals.ts';
import { forecast, forecastText } from './dry-run.ts';
import { findPrices } from './find-prices.ts';
import { firstLineOf } from './input-rows.ts';
import { BadRow, detectFormat, type PromptSettings, type Row } from './row-format.ts';
import { runRows } from './run-rows.ts';
import { QueueLink } from './workers/queue-link.ts';
import { serveRows } from './workers/serve-rows.ts';
import { apiOf, type BatchApi, type BatchProvider, providerName, type Target, targetOf } from './target.ts';

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
      throw new UsageError('--max-cost needs prices: name a file with --prices, or install @pydantic/genai-prices.');
    }
    if (!batchArgs.dryRun) checkKeys(providersFor(batchArgs), batchArgs.baseURL);
    return await spooled(batchArgs.input, io, (path) => checkAndRun(path, batchArgs, args, io));
  } catch (error) {
    if (error instanceof UsageError) {
      io.err(`${error.message}\nRun tidegate batch --help for the options.`);
      return 2;
    }
    io.err(errorText(error, batchArgs.input));
    return isTidegateError(error) || UNREADABLE.has((error as NodeJS.ErrnoException).code) ? 2 : 1;
  }
}

async function checkAndRun(path: string, args: BatchArgs, argv: readonly string[], io: CommandIo): Promise<number> {
  const settings = { ...args.prompt, api: apiFor(args) } satisfies PromptSettings;
  const { prices, dryRun } = args;
  const firstLine = (await firstLineOf(path)) ?? '';
  const format = args.format ?? detectFormat(firstLine, path, settings.template);
  const target = dryRun ? undefined : targetFor(providerOf(args, { format }), args);
  if (firstLine !== '') checkPrompt(format, firstLine, settings);
  const link = target && args.fleet ? await openLink(target) : undefined;
  // Only a dry run and the choice of a way by its deadline look at them.
  const totals =
    dryRun || args.deadlineMs !== undefined ? new InputTotals(providerOf(args, { format }), args.dedupe) : undefined;
  const provider = providerName(providerOf(args, { format }));
  const bounded = ({ url, body }: Row): void => {
    if (worstCostOf({ provider, path: url, body }, prices!) === undefined) throw new BadRow(UNBOUNDED);
  };
  let check: InputCheck | undefined;
  try {
    check = await checkInput(path, { format, firstLine }, settings, (row) => {
      if (args.maxCost !== undefined) bounded(row);
      totals?.add(row);
    });
  } finally {
    totals?.close();
    if (check?.problemCount !== 0) await link?.close();
  }
  if (check.problemCount > 0) return refuse(check, io);
  if (!target) {
    const made = forecast(totals!, args, provider, prices);
    io.out(args.json ? JSON.stringify(made) : forecastText(made, prices !== undefined));
    return 0;
  }
  return runRows({ path, args, check, totals, target, link, settings, resumeCommand: resumeCommand(argv) }, io);
}

/** @throws UsageError */
function targetFor(provider: BatchProvider, args: BatchArgs): Target {
  checkKeys([provider], args.baseURL);
  if (args.via !== 'sync' && provider === 'azure') {
    throw new UsageError('--via is of OpenAI, Anthropic and Groq: rows of Azure are sent one by one.');
  }
  return targetOf(provider, args.baseURL, process.env);
}

async function openLink(target: Target): Promise<QueueLink> {
  try {
    return await QueueLink.open(process.env['TIDEGATE_REDIS_URL'], target);
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

const UNREADABLE: ReadonlySet<string | undefined> = new Set(['ENOENT', 'EISDIR', 'EACCES', 'ENOTDIR']);

const UNBOUNDED =
  '--max-cost needs a maximum cost of each row: a known price of its model and service tier, a maximum of output tokens, ' +
  'and only text as input';

function refuse({ problems, problemCount }: InputCheck, io: CommandIo): number {
  for (const problem of problems) io.err(problem);
  if (problemCount > problems.length) io.err(`and ${problemCount - problems.length} more`);
  io.err('Nothing was sent.');
  return 2;
}

/** The providers that the input may be for, as far as the arguments say. */
function providersFor(args: BatchArgs): readonly BatchProvider[] {
  const { provider, format, prompt } = args;
  if (provider !== undefined) return [provider];
  // A model is named for prompts and data only.
  if (format === undefined && prompt.model === undefined) return ['openai', 'anthropic'];
  return [providerOf(args, { format: format ?? 'prompts' })];
}

function apiFor({ provider, format, prompt: { model } }: BatchArgs): BatchApi {
  if (provider !== undefined) return apiOf(provider);
  return format === 'anthropic' || model?.startsWith('claude') === true ? 'anthropic' : 'openai';
}

function providerOf(args: BatchArgs, { format }: Pick<InputCheck, 'format'>): BatchProvider {
  return args.provider ?? (format === 'anthropic' ? 'anthropic' : apiFor(args));
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
