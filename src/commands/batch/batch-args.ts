import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { FORMATS, type PromptSettings, type RowFormat } from './row-format.ts';
import { type BatchProvider, PROVIDERS } from './target.ts';

export const BATCH_HELP: string = `Usage: tidegate batch <input> --out <results> [options]

Sends every row of a file at the pace of your limits, and writes the answers in the order of the rows. The same command
goes on where it was stopped, killed or out of disk: what is done is kept in a journal and not sent again.

  <input>               a file, or - for standard input: batch lines of OpenAI, Azure, Groq or Anthropic; prompts, one a
                        line; or JSON objects, one a line, with --template. Told by the first line
  --out <file>          results in the provider's own format; - for standard output
  --errors <file>       rows that failed; default: <out> with .errors.jsonl, or among the results with --out -
  --journal <file>      default: <out> with .journal; none with --out -
  --resume              goes on only: fails where there is no journal
  --retry-failed        sends rows again that have failed
  --accept-changes      goes on though model, prompt or provider are others; changed rows are sent again
  --dry-run             counts rows and tokens, and sends nothing

  --provider <name>     ${PROVIDERS.join(', ')}; default: anthropic for its lines and for claude models, else openai
  --base-url <url>      default: the provider's, or OPENAI_BASE_URL, ANTHROPIC_BASE_URL, AZURE_OPENAI_ENDPOINT
  --format <name>       ${FORMATS.join(', ')}; default: by the first line
  --model <name>        for prompts and data
  --system <text>       for prompts and data
  --template <text>     the prompt of a row of data: "Classify: {{text}}"
  --schema <file>       JSON schema of the answers
  --max-tokens <n>      output of each answer; default: 1024 for Anthropic, else the model's own

  --rpm <n>             requests a minute, where known; learned from the first answer otherwise
  --tpm <n>             tokens a minute, as --rpm
  --max-concurrent <n>  rows at work at once; default: 1000, of which the limits let through what fits
  --stop-after <n>      failed rows after which no further one is sent: a count, or a share as 5%
  --order completion    results as they come, not in the order of the rows
  --no-dedupe           sends equal rows each for itself; default: once
  --json                progress and summary as JSON lines, on standard error
  --quiet               no progress
  --help                this text

Keys are read from OPENAI_API_KEY, AZURE_OPENAI_API_KEY, GROQ_API_KEY or ANTHROPIC_API_KEY.
Exit codes: 0 every row is ok, 1 some failed or the run broke off, 2 bad arguments or bad rows, 130 interrupted.

Examples:

  tidegate batch requests.jsonl --out results.jsonl
  tidegate batch emails.jsonl --out labels.jsonl --model gpt-4o-mini --template "One word, spam or ham: {{text}}"
  tidegate batch requests.jsonl --out results.jsonl --retry-failed
  cat prompts.txt | tidegate batch - --out - --model claude-haiku-4-5 > answers.jsonl
`;

export interface BatchArgs {
  readonly input: string;
  readonly out: string;
  readonly errors: string | undefined;
  readonly journal: string | undefined;
  readonly resume: boolean;
  readonly retryFailed: boolean;
  readonly acceptChanges: boolean;
  readonly dryRun: boolean;
  readonly provider: BatchProvider | undefined;
  readonly baseURL: string | undefined;
  readonly format: RowFormat | undefined;
  readonly prompt: Omit<PromptSettings, 'api'>;
  readonly rpm: number | undefined;
  readonly tpm: number | undefined;
  readonly maxConcurrent: number | undefined;
  readonly stopAfter: number | undefined;
  readonly order: 'input' | 'completion';
  readonly dedupe: boolean;
  readonly json: boolean;
  readonly quiet: boolean;
}

const text = { type: 'string' } as const;
const flag = { type: 'boolean' } as const;

/** @returns undefined where help is asked for. @throws Error for bad arguments. */
export function parseBatchArgs(args: readonly string[]): BatchArgs | undefined {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      out: text,
      errors: text,
      journal: text,
      resume: flag,
      'retry-failed': flag,
      'accept-changes': flag,
      'dry-run': flag,
      provider: text,
      'base-url': text,
      format: text,
      model: text,
      system: text,
      template: text,
      schema: text,
      'max-tokens': text,
      rpm: text,
      tpm: text,
      'max-concurrent': text,
      'stop-after': text,
      order: text,
      'no-dedupe': flag,
      json: flag,
      quiet: flag,
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help === true) return undefined;
  const [input, ...more] = positionals;
  if (input === undefined) throw new Error('Expected a file of rows, or - for standard input.');
  if (more.length > 0) throw new Error(`Expected one file of rows, got ${positionals.length}.`);
  const dryRun = values['dry-run'] === true;
  if (values.out === undefined && !dryRun) throw new Error('Expected --out with a file for the results, or - .');
  const out = values.out ?? '-';
  return {
    input,
    out,
    errors: values.errors ?? (out === '-' ? undefined : `${out.replace(/\.jsonl$/, '')}.errors.jsonl`),
    journal: values.journal ?? (out === '-' ? undefined : `${out}.journal`),
    resume: values.resume === true,
    retryFailed: values['retry-failed'] === true,
    acceptChanges: values['accept-changes'] === true,
    dryRun,
    provider: oneOf(values.provider, '--provider', PROVIDERS),
    baseURL: values['base-url'],
    format: oneOf(values.format, '--format', FORMATS),
    prompt: {
      model: values.model,
      system: values.system,
      template: values.template,
      schema: values.schema === undefined ? undefined : readSchema(values.schema),
      maxTokens: count(values['max-tokens'], '--max-tokens'),
    },
    rpm: count(values.rpm, '--rpm'),
    tpm: count(values.tpm, '--tpm'),
    maxConcurrent: count(values['max-concurrent'], '--max-concurrent'),
    stopAfter: share(values['stop-after']),
    order: oneOf(values.order, '--order', ['input', 'completion']) ?? 'input',
    dedupe: values['no-dedupe'] !== true,
    json: values.json === true,
    quiet: values.quiet === true,
  };
}

function readSchema(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new Error(`Cannot read the schema ${path}: ${(error as Error).message}`, { cause: error });
  }
}

function oneOf<T extends string>(value: string | undefined, name: string, allowed: readonly T[]): T | undefined {
  if (value === undefined || allowed.includes(value as T)) return value as T | undefined;
  throw new Error(`Expected ${name} to be one of ${allowed.join(', ')}, got ${JSON.stringify(value)}.`);
}

function count(value: string | undefined, name: string): number | undefined {
  if (value === undefined) return undefined;
  const number = Number(value);
  if (Number.isSafeInteger(number) && number > 0) return number;
  throw new Error(`Expected ${name} to be a whole number above 0, got ${JSON.stringify(value)}.`);
}

function share(value: string | undefined): number | undefined {
  const percent = /^(\d+(?:\.\d+)?)%$/.exec(value ?? '');
  if (!percent) return count(value, '--stop-after');
  const number = Number(percent[1]) / 100;
  if (number > 0 && number < 1) return number;
  throw new Error(`Expected --stop-after to be above 0% and below 100%, got ${value}.`);
}
