import { readFileSync } from 'node:fs';
import type { Command, OptionValues } from 'commander';
import { type Prices, type PriceFunction, resolvePrices } from '../../cost/prices.ts';
import { choice, count, define, oneOf } from '../arguments.ts';
import { errorText } from '../error-text.ts';
import { parseDeadline, type Via, VIAS } from './provider/choose-way.ts';
import { FORMATS, type RowFormat } from './input-rows.ts';
import type { PromptSettings } from './row-format.ts';
import { type BatchProvider, PROVIDERS } from './target.ts';

const ABOUT = `Sends every row of a file as fast as your limits allow, and writes the answers in the order of the rows. After an interruption,
a kill or a full disk the same command resumes: finished rows are in a journal and not sent again.`;

const MORE = `Keys are read from OPENAI_API_KEY, AZURE_OPENAI_API_KEY, GROQ_API_KEY or ANTHROPIC_API_KEY.
Exit codes: 0 every row is ok, 1 some failed or the run broke off, 2 bad arguments or bad rows, 3 stopped by --max-cost,
130 interrupted.

Examples:

  tidegate batch requests.jsonl --out results.jsonl
  tidegate batch emails.csv --out labels.jsonl --model gpt-4o-mini --template "One word, spam or ham: {{text}}"
  tidegate batch requests.jsonl --dry-run --tpm 200000
  tidegate batch requests.jsonl --out results.jsonl --max-cost 20
  tidegate batch requests.jsonl --out results.jsonl --retry-failed
  tidegate batch requests.jsonl --out results.jsonl --via auto --deadline 6h --tpm 200000
  tidegate batch requests.jsonl --out results.jsonl --fleet        and on every other machine: tidegate batch --fleet
  cat prompts.txt | tidegate batch - --out - --model claude-haiku-4-5 > answers.jsonl`;

export const batchDefinition = (): Command =>
  define('batch', 'sends the rows of a file as fast as your limits allow, and resumes where it stopped', ABOUT, MORE)
    .argument(
      '[input]',
      'a file, or - for standard input: batch lines of OpenAI, Azure, Groq or Anthropic; prompts, one a line; or with --template ' +
        'CSV with a header, or JSON objects, one a line. Detected by the first line',
    )
    .option('--out <file>', "results in the provider's own format; - for standard output")
    .option('--errors <file>', 'rows that failed; default: <out> with .errors.jsonl, or among the results with --out -')
    .option('--journal <file>', 'default: <out> with .journal; none with --out -')
    .option('--resume', 'resumes only: fails without a journal')
    .option('--retry-failed', 'sends failed rows again')
    .option('--accept-changes', 'resumes although model, prompt or provider have changed; changed rows are sent again')
    .option('--dry-run', 'counts rows and tokens, estimates time and price, and sends nothing')
    .option('--max-cost <usd>', 'stops before more is spent, earlier runs of the journal included')
    .option(
      '--prices <file>',
      'JSON: {"<model>": {"input", "output"}}, USD for a million tokens; default: @pydantic/genai-prices if it is installed',
    )
    .addOption(
      choice('--provider <name>', PROVIDERS, 'default: anthropic for its lines and for claude models, else openai'),
    )
    .option(
      '--base-url <url>',
      "default: the provider's, or OPENAI_BASE_URL, ANTHROPIC_BASE_URL, GROQ_BASE_URL, AZURE_OPENAI_ENDPOINT",
    )
    .addOption(choice('--format <name>', FORMATS, 'default: by the first line'))
    .option('--model <name>', 'for prompts and data')
    .option('--system <text>', 'for prompts and data')
    .option('--template <text>', 'the prompt of a row of data: "Classify: {{text}}"')
    .option('--schema <file>', 'JSON schema of the answers, for prompts and data')
    .option('--max-tokens <n>', "output of each answer; default: 1024 for Anthropic, else the model's own")
    .addOption(
      choice(
        '--via <way>',
        VIAS,
        "row by row, in the provider's batches (half the price, up to 24 h), or the cheapest that meets --deadline; default: sync",
      ),
    )
    .option(
      '--deadline <time>',
      "such as 90m, 6h or 2d, from the begin of the run: rows that the provider's batches have not finished go row by row in time",
    )
    .option('--poll <seconds>', "between polls of the provider's batches; default: 30")
    .option(
      '--fleet',
      'with workers on other machines, through BullMQ on the Redis of TIDEGATE_REDIS_URL; without an input, serves rows of other machines until it is stopped',
    )
    .option('--takeover <seconds>', 'after which the rows of a lost worker are taken over; default: 30')
    .option('--rpm <n>', 'requests a minute, if known; otherwise learned from the first answer')
    .option('--tpm <n>', 'tokens a minute, as --rpm')
    .option('--max-concurrent <n>', 'rows in flight; default: 1000, paced by the limits')
    .option('--stop-after <n>', 'stops sending after this many failed rows: a count, or a share such as 5%')
    .addOption(
      choice('--order <order>', ['input', 'completion'], 'of the results: by row, or as they complete; default: input'),
    )
    .option('--no-dedupe', 'sends equal rows separately; default: once')
    .option(
      '--no-warm',
      'sends rows with a common beginning at once; default: one first, to warm the prompt cache for the others',
    )
    .option('--json', 'progress and summary as JSON lines, on standard error')
    .option('--quiet', 'no progress');

export interface BatchArgs {
  readonly input: string;
  readonly out: string;
  readonly errors: string | undefined;
  readonly journal: string | undefined;
  readonly resume: boolean;
  readonly retryFailed: boolean;
  readonly acceptChanges: boolean;
  readonly dryRun: boolean;
  readonly maxCost: number | undefined;
  readonly prices: PriceFunction | undefined;
  readonly provider: BatchProvider | undefined;
  readonly baseURL: string | undefined;
  readonly format: RowFormat | undefined;
  readonly prompt: Omit<PromptSettings, 'api'>;
  readonly via: Via;
  readonly deadlineMs: number | undefined;
  readonly pollMs: number;
  readonly fleet: boolean;
  /** Serves rows of other processes, without its own. */
  readonly serves: boolean;
  readonly takeoverMs: number;
  readonly rpm: number | undefined;
  readonly tpm: number | undefined;
  readonly maxConcurrent: number | undefined;
  readonly stopAfter: number | undefined;
  readonly order: 'input' | 'completion';
  readonly dedupe: boolean;
  readonly warm: boolean;
  readonly json: boolean;
  readonly quiet: boolean;
}

/** @throws Error for bad arguments. */
export function checkBatchArgs({ options, args }: { options: OptionValues; args: readonly string[] }): BatchArgs {
  const values = options as Record<string, string | undefined>;
  const fleet = options['fleet'] === true;
  const serves = fleet && args.length === 0 && values['out'] === undefined;
  const [input = serves ? '' : undefined, ...more] = args;
  if (input === undefined) throw new Error('Expected a file of rows, or - for standard input.');
  if (more.length > 0) throw new Error(`Expected one file of rows, got ${args.length}.`);
  const dryRun = options['dryRun'] === true;
  if (values['out'] === undefined && !dryRun && !serves)
    throw new Error('Expected --out with a file for the results, or - .');
  const out = values['out'] ?? '-';
  const journal = values['journal'] ?? (out === '-' ? undefined : `${out}.journal`);
  const via = oneOf(values['via'], '--via', VIAS) ?? 'sync';
  if (via !== 'sync' && journal === undefined && !dryRun && !fleet)
    throw new Error('Expected --journal with a file: batches at the provider are found again by it.');
  if (values['deadline'] !== undefined && via === 'sync')
    throw new Error("--deadline is for the provider's batches: it goes with --via auto or provider-batch.");
  if (values['takeover'] !== undefined && !fleet) throw new Error('--takeover goes with --fleet.');
  return {
    input,
    out,
    errors: values['errors'] ?? (out === '-' ? undefined : `${out.replace(/\.jsonl$/, '')}.errors.jsonl`),
    journal,
    resume: options['resume'] === true,
    retryFailed: options['retryFailed'] === true,
    acceptChanges: options['acceptChanges'] === true,
    dryRun,
    maxCost: usd(values['maxCost']),
    prices:
      values['prices'] === undefined
        ? undefined
        : resolvePrices(readJson(values['prices'], 'the prices') as Prices, values['prices']),
    provider: oneOf(values['provider'], '--provider', PROVIDERS),
    baseURL: values['baseUrl'],
    format: oneOf(values['format'], '--format', FORMATS),
    prompt: {
      model: values['model'],
      system: values['system'],
      template: values['template'],
      schema: values['schema'] === undefined ? undefined : schema(values['schema']),
      maxTokens: count(values['maxTokens'], '--max-tokens'),
    },
    via,
    deadlineMs: values['deadline'] === undefined ? undefined : parseDeadline(values['deadline']),
    pollMs: seconds(values['poll'], 30) * 1000,
    fleet,
    serves,
    takeoverMs: seconds(values['takeover'], 30, '--takeover') * 1000,
    rpm: count(values['rpm'], '--rpm'),
    tpm: count(values['tpm'], '--tpm'),
    maxConcurrent: count(values['maxConcurrent'], '--max-concurrent'),
    stopAfter: share(values['stopAfter']),
    order: oneOf(values['order'], '--order', ['input', 'completion']) ?? 'input',
    dedupe: options['dedupe'] !== false,
    warm: options['warm'] !== false,
    json: options['json'] === true,
    quiet: options['quiet'] === true,
  };
}

function schema(path: string): object {
  const value = readJson(path, 'the schema');
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  throw new Error(`Expected the schema in ${path} to be a JSON object.`);
}

function readJson(path: string, what: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new Error(`Cannot read ${what} ${path}: ${errorText(error, path)}`, { cause: error });
  }
}

function share(value: string | undefined): number | undefined {
  const percent = /^(\d+(?:\.\d+)?)%$/.exec(value ?? '');
  if (!percent) return count(value, '--stop-after');
  const number = Number(percent[1]) / 100;
  if (number > 0 && number < 1) return number;
  throw new Error(`Expected --stop-after to be above 0% and below 100%, got ${value}.`);
}

function seconds(value: string | undefined, fallback: number, name = '--poll'): number {
  if (value === undefined) return fallback;
  const number = Number(value);
  if (value.trim() !== '' && number >= 0.01 && number <= 3600) return number;
  throw new Error(`Expected ${name} to be seconds from 0.01 to 3600, got ${JSON.stringify(value)}.`);
}

function usd(value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  const number = value.trim() === '' ? Number.NaN : Number(value);
  if (number > 0 && number < Infinity) return number;
  throw new Error(`Expected --max-cost to be an amount in USD above 0, got ${JSON.stringify(value)}.`);
}
