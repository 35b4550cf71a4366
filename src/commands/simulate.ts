import type { Command } from 'commander';
import type { LimitName, PresetName, SimulatorFaults, SimulatorOptions, SimulatorProvider } from '../testing.ts';
import { faultKindsOf, SimulatorError, startSimulator } from '../testing.ts';
import { choice, define, readArguments } from './arguments.ts';
import type { CommandIo } from './command-io.ts';

const PROVIDERS = ['openai', 'azure', 'anthropic', 'groq'];

export const simulateDefinition = (): Command =>
  define(
    'simulate',
    'runs a simulated provider that limits, refuses and fails like the real one',
    'Starts a simulated provider that limits, refuses and fails like the real one.',
    `Exit codes: 0 stopped, 1 it cannot start, 2 bad arguments.

Examples:

  tidegate simulate --provider openai --rpm 500 --tpm 200000
  tidegate simulate --provider anthropic --preset build --fault overloaded=0.02
  tidegate simulate --provider groq --help`,
  )
    .addOption(choice('--provider <name>', PROVIDERS, 'with --help also its faults'))
    .option('--preset <tier>', "a tier's limits, such as tier1, build, launch, gpt-4o-tier1, start, free, developer")
    .option('--rpm <n>', 'requests per minute, for every model')
    .option('--tpm <n>', 'tokens per minute, for every model')
    .option('--itpm <n>', 'input tokens per minute, for every model')
    .option('--otpm <n>', 'output tokens per minute, for every model')
    .option('--rpd <n>', 'requests per day, for every model')
    .option('--port <n>', 'default: a free one')
    .option('--host <address>', 'default: 127.0.0.1')
    .option('--seed <n>', 'default: 1; the same seed gives the same answers and faults')
    .option('--latency-ms <n>', 'milliseconds to the first token; default: 300')
    .option('--token-ms <n>', 'milliseconds for each output token; default: 5')
    .option('--bucket-seconds <n>', "part of a minute's limit that may be spent at once; default: 60")
    .addOption(choice('--reply <what>', ['lorem', 'label'], 'label: spam or ham; default: lorem'))
    .option('--tool-calls', 'answer with a call of the first tool, where a request has tools')
    .option(
      '--fault <kind=rate>',
      'injects a fault with this probability, such as server_error=0.05; may be repeated',
      collect,
    )
    .option('--neighbour <share>', 'share of the limits that another user takes, 0 to 1')
    .option('--json', 'its address, and statistics at the end, as JSON lines');

function collect(value: string, before: readonly string[] | undefined): readonly string[] {
  return [...(before ?? []), value];
}

const LIMITS: Readonly<Record<'rpm' | 'tpm' | 'itpm' | 'otpm' | 'rpd', LimitName>> = {
  rpm: 'requestsPerMinute',
  tpm: 'tokensPerMinute',
  itpm: 'inputTokensPerMinute',
  otpm: 'outputTokensPerMinute',
  rpd: 'requestsPerDay',
};

interface Values extends Readonly<Partial<Record<keyof typeof LIMITS, string>>> {
  readonly provider?: string;
  readonly preset?: string;
  readonly port?: string;
  readonly host?: string;
  readonly seed?: string;
  readonly latencyMs?: string;
  readonly tokenMs?: string;
  readonly bucketSeconds?: string;
  readonly reply?: string;
  readonly toolCalls?: boolean;
  readonly fault?: readonly string[];
  readonly neighbour?: string;
  readonly json?: boolean;
}

/**
 * `tidegate simulate`: runs a simulator until it is stopped, then prints its statistics.
 *
 * @returns The exit code: 0, 1 when it cannot start, 2 for bad arguments.
 */
export async function simulate(args: readonly string[], io: CommandIo): Promise<number> {
  const command = simulateDefinition();
  const options = readArguments(command, args, io, ({ options }) => optionsOf(options as Values));
  if (typeof options === 'number') {
    const { provider } = command.opts<Values>();
    if (options === 0 && isProvider(provider)) io.out(`Faults of ${provider}: ${faultKindsOf(provider).join(', ')}`);
    return options;
  }
  try {
    await run(options, command.opts<Values>().json === true, io);
    return 0;
  } catch (error) {
    if (!(error instanceof SimulatorError)) throw error;
    io.err(error.message);
    return error.code === 'invalid_option' ? 2 : 1;
  }
}

async function run(options: SimulatorOptions, json: boolean, io: CommandIo): Promise<void> {
  const simulator = await startSimulator(options);
  try {
    const env = environment(options.provider, simulator.url, simulator.origin);
    if (json) {
      io.out(JSON.stringify({ event: 'listening', provider: options.provider, url: simulator.url, env }));
    } else {
      io.out(`Simulating ${options.provider} at ${simulator.url}`);
      io.out(Array.from(Object.entries(env), ([name, value]) => `export ${name}=${value}`).join('\n'));
    }
    await io.untilStopped;
  } finally {
    const { requests, admitted, rejected, peakRequestsPerSecond, maxRetryCount } = simulator.stats();
    await simulator.close();
    const seen = { requests, admitted, rejected, peakRequestsPerSecond, maxRetryCount };
    io.out(
      json
        ? JSON.stringify({ event: 'end', ...seen })
        : `${requests} requests: ${admitted} admitted, ${rejected} refused by limits; ` +
            `at most ${peakRequestsPerSecond} in a second; highest retry count of an SDK: ${maxRetryCount}`,
    );
  }
}

function optionsOf(values: Values): SimulatorOptions {
  if (values.provider === undefined) throw new Error('Missing --provider.');
  const limits: Partial<Record<LimitName, number>> = {};
  for (const [flag, name] of Object.entries(LIMITS) as [keyof typeof LIMITS, LimitName][]) {
    const value = numberOf(flag, values[flag]);
    if (value !== undefined) limits[name] = value;
  }
  const port = numberOf('port', values.port);
  const seed = numberOf('seed', values.seed);
  const bucketSeconds = numberOf('bucket-seconds', values.bucketSeconds);
  return {
    // The simulator validates these values and names the valid ones.
    provider: values.provider as SimulatorProvider,
    ...(values.preset === undefined ? {} : { preset: values.preset as PresetName }),
    ...(Object.keys(limits).length === 0 ? {} : { limits }),
    ...(port === undefined ? {} : { port }),
    ...(values.host === undefined ? {} : { host: values.host }),
    ...(seed === undefined ? {} : { seed }),
    latency: {
      baseMs: numberOf('latency-ms', values.latencyMs) ?? 300,
      perTokenMs: numberOf('token-ms', values.tokenMs) ?? 5,
    },
    ...(bucketSeconds === undefined ? {} : { bucketSeconds }),
    ...(values.reply === undefined ? {} : { reply: values.reply as 'lorem' | 'label' }),
    toolCalls: values.toolCalls === true,
    faults: faultsOf(values),
  };
}

function faultsOf(values: Values): SimulatorFaults {
  const rates: Record<string, number> = {};
  for (const each of values.fault ?? []) {
    const [, kind, rate] = /^(\w+)=(.+)$/.exec(each) ?? [];
    if (kind === undefined) throw new Error(`Expected --fault to be kind=rate, got ${JSON.stringify(each)}.`);
    rates[kind] = numberOf('fault', rate)!;
  }
  const share = numberOf('neighbour', values.neighbour);
  return { rates, ...(share === undefined ? {} : { neighbour: { share } }) };
}

function numberOf(flag: string, value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  const number = value.trim() === '' ? Number.NaN : Number(value);
  if (Number.isNaN(number)) throw new Error(`Expected --${flag} to be a number, got ${JSON.stringify(value)}.`);
  return number;
}

/** Environment variables that point the SDK at the simulator without a change to the application. */
function environment(provider: SimulatorProvider, url: string, origin: string): Readonly<Record<string, string>> {
  switch (provider) {
    case 'openai':
      return { OPENAI_BASE_URL: url, OPENAI_API_KEY: 'simulated' };
    case 'azure':
      return {
        AZURE_OPENAI_ENDPOINT: origin,
        AZURE_OPENAI_API_KEY: 'simulated',
        OPENAI_API_VERSION: '2024-10-21',
      };
    case 'anthropic':
      return { ANTHROPIC_BASE_URL: url, ANTHROPIC_API_KEY: 'simulated' };
    case 'groq':
      return { GROQ_BASE_URL: url, GROQ_API_KEY: 'simulated' };
  }
}

function isProvider(value: string | undefined): value is SimulatorProvider {
  return value !== undefined && PROVIDERS.includes(value);
}
