import { parseArgs } from 'node:util';
import type { ProviderId } from './classifier.ts';
import { PROVIDERS } from './classifier.ts';

export const HELP = `Usage: npm run demo -- [options]

Classifies real e-mails as spam or ham through OpenAI, Anthropic and Groq at once, first with the bare SDKs, then
with tidegate, and compares. Without options it runs against simulators on this machine: no key, no network.

  --limit <n>             e-mails; each is sent to every provider. Default: 200, with --live 20
  --live                  the real APIs, for each of OPENAI_API_KEY, ANTHROPIC_API_KEY and GROQ_API_KEY that is set
  --openai-model <name>   default: gpt-4o-mini
  --anthropic-model <name>  default: claude-3-5-haiku-latest simulated, claude-haiku-4-5 with --live
  --groq-model <name>     default: llama-3.1-8b-instant
  --metrics-port <n>      port of /metrics; default: 9464, or a free one where that is taken
  --stack                 instead of all that: Prometheus, Alertmanager and three faults; prints each alert as it
                          arrives. Needs both on the PATH; takes about 2 minutes, never more than 5, at the default scale
  --time-scale <n>        with --stack: divides every time of the alert rules, 20 to 60. Default: 60
  --keep                  leave /metrics up after the run, until Ctrl-C
  --help                  this text

Exit code: 0 when tidegate lost no call, with --stack when every alert arrived and was resolved; 1 otherwise; 2 for bad
arguments, a missing key or server, or unreadable e-mails.
`;

/** An error that the user can fix; its message says everything. */
export class DemoError extends Error {}

export interface DemoOptions {
  readonly live: boolean;
  readonly limit: number;
  readonly models: Readonly<Record<ProviderId, string>>;
  readonly metricsPort: number | undefined;
  readonly keep: boolean;
  /** Speed-up of the alert rules; undefined without --stack. */
  readonly stack: number | undefined;
}

// Small, cheap models; the simulated tiers are those of exactly these.
const SIMULATED = { openai: 'gpt-4o-mini', anthropic: 'claude-3-5-haiku-latest', groq: 'llama-3.1-8b-instant' };
const LIVE = { ...SIMULATED, anthropic: 'claude-haiku-4-5' };

/** @returns undefined when help was requested. @throws DemoError for bad arguments */
export function parseOptions(args: readonly string[]): DemoOptions | undefined {
  const { values } = parse(args);
  if (values.help === true) return undefined;
  const live = values.live === true;
  if (live && values.stack === true) throw new DemoError('--stack stages faults, so it cannot be used with --live.');
  const defaults = live ? LIVE : SIMULATED;
  const models = { ...defaults };
  for (const provider of PROVIDERS) models[provider] = values[`${provider}-model`] ?? defaults[provider];
  return {
    live,
    limit: integer('limit', values.limit, 1, 6_000) ?? (live ? 20 : 200),
    models,
    metricsPort: integer('metrics-port', values['metrics-port'], 0, 65_535),
    keep: values.keep === true,
    stack: values.stack === true ? (integer('time-scale', values['time-scale'], 20, 60) ?? 60) : undefined,
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        live: { type: 'boolean' },
        limit: { type: 'string' },
        'openai-model': { type: 'string' },
        'anthropic-model': { type: 'string' },
        'groq-model': { type: 'string' },
        'metrics-port': { type: 'string' },
        keep: { type: 'boolean' },
        stack: { type: 'boolean' },
        'time-scale': { type: 'string' },
        help: { type: 'boolean', short: 'h' },
      },
    });
  } catch (error) {
    throw new DemoError(`${(error as Error).message}\nRun npm run demo -- --help for the options.`);
  }
}

function integer(flag: string, value: string | undefined, min: number, max: number): number | undefined {
  if (value === undefined) return undefined;
  const number = Number(value);
  if (value.trim() === '' || !Number.isInteger(number) || number < min || number > max) {
    throw new DemoError(`Expected --${flag} to be an integer from ${min} to ${max}, got ${JSON.stringify(value)}.`);
  }
  return number;
}
