import type { Command } from 'commander';
import { type LimitKind, LIMIT_KINDS } from '../../core/dimensions.ts';
import { isTidegateError } from '../../errors.ts';
import { choice, define, oneOf, readArguments } from '../arguments.ts';
import { duration, number } from '../amounts.ts';
import type { CommandIo } from '../command-io.ts';
import { fetchError } from '../fetch-error.ts';
import { harmless } from '../harmless.ts';
import { BadKey } from '../key.ts';
import { tableText } from '../table.ts';
import { byAdmin } from './admin-limits.ts';
import { byCall } from './probe-call.ts';
import { type LimitsQuestion, NoKey, type PoolLimits, PROVIDERS } from './pool-limits.ts';

export const limitsDefinition = (): Command =>
  define(
    'limits',
    'shows the limits of an account, as its provider states them',
    'Shows the limits of an account, by model and dimension: with an admin key from the rate-limit endpoints of OpenAI and Anthropic, else from the ' +
      'headers of one call for a single token. Printed as the provider states it, and as `pacing` options to start with.',
    `Keys are read from OPENAI_ADMIN_KEY and ANTHROPIC_ADMIN_KEY, else from OPENAI_API_KEY, AZURE_OPENAI_API_KEY, GROQ_API_KEY or
ANTHROPIC_API_KEY. Base URLs as in tidegate batch.
Exit codes: 0, 1 the provider stated no limits, 2 bad arguments or no key.

Examples:

  tidegate limits --provider openai --model gpt-4o-mini
  tidegate limits --provider anthropic --json
  OPENAI_ADMIN_KEY=... tidegate limits --provider openai --project proj_abc`,
  )
    .addOption(choice('--provider <name>', PROVIDERS, 'default: the first whose key is set'))
    .option('--model <name>', 'of this model only; needed without an admin key, but for a small default')
    .option('--project <id>', 'of OpenAI, with an admin key; default: every project')
    .option('--base-url <url>', "default: the provider's")
    .option('--json', 'the same as JSON');

type Environment = Readonly<Record<string, string | undefined>>;

/** `tidegate limits`: asks a provider for an account's limits. @returns The exit code. */
export async function limits(args: readonly string[], io: CommandIo): Promise<number> {
  const { env } = process;
  const read = readArguments(limitsDefinition(), args, io, ({ options }) => ({
    provider: oneOf(options['provider'], '--provider', PROVIDERS) ?? withKey(env),
    model: options['model'] as string | undefined,
    project: options['project'] as string | undefined,
    baseURL: options['baseUrl'] as string | undefined,
    json: options['json'] === true,
  }));
  if (typeof read === 'number') return read;
  let pools: readonly PoolLimits[];
  try {
    pools = (await byAdmin(read, env)) ?? (await byCall(read, env));
  } catch (error) {
    io.err(harmless(messageOf(error, read.baseURL)));
    return isTidegateError(error) || error instanceof NoKey || error instanceof BadKey ? 2 : 1;
  }
  if (pools.length === 0) {
    io.err('The provider stated no limits.');
    return 1;
  }
  if (read.json) io.out(JSON.stringify({ provider: read.provider, pools: pools.map(withPacing) }));
  else io.out(pools.map(poolText).join('\n\n'));
  return 0;
}

function messageOf(error: unknown, baseURL = 'the base URL'): string {
  const why = fetchError(error, baseURL);
  return (error as Error).cause === undefined ? why : `The provider cannot be reached: ${why}`;
}

function withKey(env: Environment): LimitsQuestion['provider'] {
  const names = { openai: 'OPENAI', anthropic: 'ANTHROPIC', groq: 'GROQ', azure: 'AZURE_OPENAI' } as const;
  for (const [provider, name] of Object.entries(names)) {
    if (env[`${name}_API_KEY`] || env[`${name}_ADMIN_KEY`]) return provider as keyof typeof names;
  }
  throw new Error('No key of a provider is set: name the --provider, and set its key.');
}

/** Limits as options of `pacing`, as far as there are options for them. */
function withPacing(pool: PoolLimits): PoolLimits & { readonly pacing: Readonly<Record<string, number>> } {
  const pacing = pool.limits.flatMap(({ dimension, limit }) => {
    const name = (LIMIT_KINDS as Readonly<Record<string, LimitKind>>)[dimension]?.option;
    // A limit of 0 cannot be given as a pace.
    return name === undefined || limit === 0 ? [] : [[name, limit] as const];
  });
  return { ...pool, pacing: Object.fromEntries(pacing) };
}

function poolText(pool: PoolLimits): string {
  const rows = pool.limits.map(({ name, limit, remaining, resetMs }) => [
    harmless(name),
    number(limit),
    remaining === undefined ? '' : number(Math.floor(remaining)),
    resetMs === undefined ? '' : duration(resetMs / 1000),
  ]);
  const options = Object.entries(withPacing(pool).pacing).map(([name, value]) => `${name}: ${value}`);
  return [
    harmless(`${pool.name}${pool.models.length > 0 ? `: ${pool.models.join(', ')}` : ''}`),
    tableText(rows, {
      head: ['limit', 'of', 'left', 'full in'],
      align: ['left', 'right', 'right', 'right'],
      lines: true,
    }),
    ...(options.length > 0 ? [`createGuard({ pacing: { ${options.join(', ')} } })`] : []),
  ].join('\n');
}
