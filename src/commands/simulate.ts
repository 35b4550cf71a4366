import { parseArgs } from 'node:util';
import type { LimitName, PresetName, SimulatorFaults, SimulatorOptions, SimulatorProvider } from '../testing.ts';
import { faultKindsOf, SimulatorError, startSimulator } from '../testing.ts';
import type { CommandIo } from './command-io.ts';

const HELP = `Usage: tidegate simulate --provider <openai|azure|anthropic|groq> [options]

Starts a provider on this machine that limits, refuses and fails like the real one.

  --provider <name>      openai, azure, anthropic or groq
  --preset <tier>        a tier's limits, such as tier1, build, launch, gpt-4o-tier1, start, free, developer
  --rpm <n>              requests per minute, for every model
  --tpm <n>              tokens per minute, for every model
  --itpm <n>             input tokens per minute, for every model
  --otpm <n>             output tokens per minute, for every model
  --rpd <n>              requests per day, for every model
  --port <n>             default: a free one
  --host <address>       default: 127.0.0.1
  --seed <n>             default: 1; the same seed gives the same answers and faults
  --latency-ms <n>       milliseconds to the first token; default: 300
  --token-ms <n>         milliseconds for each output token; default: 5
  --bucket-seconds <n>   part of a minute's limit that may be spent at once; default: 60
  --reply <what>         lorem or label (spam or ham); default: lorem
  --tool-calls           answer with a call of the first tool, where a request has tools
  --fault <kind=rate>    inflict a fault with a probability, such as server_error=0.05; may be repeated
  --neighbour <share>    share of the limits that somebody else uses, 0 to 1
  --help                 this text; with --provider also its faults
`;

const LIMITS: Readonly<Record<'rpm' | 'tpm' | 'itpm' | 'otpm' | 'rpd', LimitName>> = {
  rpm: 'requestsPerMinute',
  tpm: 'tokensPerMinute',
  itpm: 'inputTokensPerMinute',
  otpm: 'outputTokensPerMinute',
  rpd: 'requestsPerDay',
};

const FLAGS = {
  provider: { type: 'string' },
  preset: { type: 'string' },
  rpm: { type: 'string' },
  tpm: { type: 'string' },
  itpm: { type: 'string' },
  otpm: { type: 'string' },
  rpd: { type: 'string' },
  port: { type: 'string' },
  host: { type: 'string' },
  seed: { type: 'string' },
  'latency-ms': { type: 'string' },
  'token-ms': { type: 'string' },
  'bucket-seconds': { type: 'string' },
  reply: { type: 'string' },
  'tool-calls': { type: 'boolean' },
  fault: { type: 'string', multiple: true },
  neighbour: { type: 'string' },
  help: { type: 'boolean', short: 'h' },
} as const;

type Values = ReturnType<typeof parseArgs<{ args: string[]; options: typeof FLAGS }>>['values'];

/**
 * `tidegate simulate`: runs a simulator until it is stopped, then prints what it has seen.
 *
 * @returns The exit code: 0, 1 when it cannot start, 2 for bad arguments.
 */
export async function simulate(args: readonly string[], io: CommandIo): Promise<number> {
  let options: SimulatorOptions | undefined;
  try {
    options = optionsOf(args, io);
  } catch (error) {
    if (!(error instanceof UsageError) && !isArgumentError(error)) throw error;
    io.err(`${(error as Error).message}\nRun tidegate simulate --help for the options.`);
    return 2;
  }
  if (!options) return 0;
  try {
    await run(options, io);
    return 0;
  } catch (error) {
    if (!(error instanceof SimulatorError)) throw error;
    io.err(error.message);
    return error.code === 'invalid_option' ? 2 : 1;
  }
}

async function run(options: SimulatorOptions, io: CommandIo): Promise<void> {
  const simulator = await startSimulator(options);
  try {
    io.out(`Simulating ${options.provider} at ${simulator.url}`);
    io.out(environment(options.provider, simulator.url, simulator.origin));
    await io.untilStopped;
  } finally {
    const { requests, admitted, rejected, peakRequestsPerSecond, maxRetryCount } = simulator.stats();
    await simulator.close();
    io.out(
      `${requests} requests: ${admitted} admitted, ${rejected} refused by limits; ` +
        `at most ${peakRequestsPerSecond} in a second; highest retry count of an SDK: ${maxRetryCount}`,
    );
  }
}

/** Undefined when the help was asked for and printed. */
function optionsOf(args: readonly string[], io: CommandIo): SimulatorOptions | undefined {
  const { values } = parseArgs({ args: [...args], options: FLAGS });
  if (values.help === true) {
    io.out(HELP);
    if (isProvider(values.provider))
      io.out(`Faults of ${values.provider}: ${faultKindsOf(values.provider).join(', ')}`);
    return undefined;
  }
  if (values.provider === undefined) throw new UsageError('Missing --provider.');
  const limits: Partial<Record<LimitName, number>> = {};
  for (const [flag, name] of Object.entries(LIMITS) as [keyof typeof LIMITS, LimitName][]) {
    const value = numberOf(flag, values[flag]);
    if (value !== undefined) limits[name] = value;
  }
  const port = numberOf('port', values.port);
  const seed = numberOf('seed', values.seed);
  const bucketSeconds = numberOf('bucket-seconds', values['bucket-seconds']);
  return {
    // The simulator checks these words and says what they may be.
    provider: values.provider as SimulatorProvider,
    ...(values.preset === undefined ? {} : { preset: values.preset as PresetName }),
    ...(Object.keys(limits).length === 0 ? {} : { limits }),
    ...(port === undefined ? {} : { port }),
    ...(values.host === undefined ? {} : { host: values.host }),
    ...(seed === undefined ? {} : { seed }),
    latency: {
      baseMs: numberOf('latency-ms', values['latency-ms']) ?? 300,
      perTokenMs: numberOf('token-ms', values['token-ms']) ?? 5,
    },
    ...(bucketSeconds === undefined ? {} : { bucketSeconds }),
    ...(values.reply === undefined ? {} : { reply: values.reply as 'lorem' | 'label' }),
    toolCalls: values['tool-calls'] === true,
    faults: faultsOf(values),
  };
}

function faultsOf(values: Values): SimulatorFaults {
  const rates: Record<string, number> = {};
  for (const each of values.fault ?? []) {
    const [, kind, rate] = /^(\w+)=(.+)$/.exec(each) ?? [];
    if (kind === undefined) throw new UsageError(`Expected --fault to be kind=rate, got ${JSON.stringify(each)}.`);
    rates[kind] = numberOf('fault', rate)!;
  }
  const share = numberOf('neighbour', values.neighbour);
  return { rates, ...(share === undefined ? {} : { neighbour: { share } }) };
}

function numberOf(flag: string, value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  const number = value.trim() === '' ? Number.NaN : Number(value);
  if (Number.isNaN(number)) throw new UsageError(`Expected --${flag} to be a number, got ${JSON.stringify(value)}.`);
  return number;
}

/** Lines for a shell, by which the SDK finds the simulator without a change to the application. */
function environment(provider: SimulatorProvider, url: string, origin: string): string {
  switch (provider) {
    case 'openai':
      return `export OPENAI_BASE_URL=${url}\nexport OPENAI_API_KEY=simulated`;
    case 'azure':
      return (
        `export AZURE_OPENAI_ENDPOINT=${origin}\nexport AZURE_OPENAI_API_KEY=simulated\n` +
        'export OPENAI_API_VERSION=2024-10-21'
      );
    case 'anthropic':
      return `export ANTHROPIC_BASE_URL=${url}\nexport ANTHROPIC_API_KEY=simulated`;
    case 'groq':
      return `export GROQ_BASE_URL=${url}\nexport GROQ_API_KEY=simulated`;
  }
}

function isProvider(value: string | undefined): value is SimulatorProvider {
  return value === 'openai' || value === 'azure' || value === 'anthropic' || value === 'groq';
}

class UsageError extends Error {}

/** An unknown flag or a missing value, as `parseArgs` reports it. */
function isArgumentError(error: unknown): boolean {
  return error instanceof TypeError && String((error as NodeJS.ErrnoException).code).startsWith('ERR_PARSE_ARGS');
}
