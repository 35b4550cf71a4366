import { markdownTable } from './markdown-table.ts';
import { readOptions } from './read-options.ts';

interface Section {
  /** The interface, used as the heading. */
  readonly name: string;
  readonly path: string;
  readonly intro: string;
}

const SECTIONS: readonly Section[] = [
  {
    name: 'GuardOptions',
    path: 'src/options.ts',
    intro:
      "Of a guard: `createGuard({ ... })`, `configure({ ... })`, `wrap(client, { ... })`, and the `tidegate` option of a drop-in's constructor.",
  },
  {
    name: 'RetryOptions',
    path: 'src/options/retry-options.ts',
    intro: '`retry: { ... }`, or `retry: false` to send every call once.',
  },
  { name: 'RetryBudgetOptions', path: 'src/options/retry-options.ts', intro: '`retry: { budget: { ... } }`.' },
  {
    name: 'BreakerOptions',
    path: 'src/options/breaker-options.ts',
    intro: '`breaker: { ... }`, or `breaker: false` for no circuit.',
  },
  { name: 'BulkheadOptions', path: 'src/options/bulkhead-options.ts', intro: '`bulkhead: { ... }`.' },
  {
    name: 'PacingOptions',
    path: 'src/options/pacing-options.ts',
    intro: '`pacing: { ... }`, or `pacing: false` for none. [Pacing](pacing.md) says how it works.',
  },
  { name: 'BodyOptions', path: 'src/options/body-options.ts', intro: '`body: { ... }`.' },
  {
    name: 'TelemetryOptions',
    path: 'src/options/telemetry-options.ts',
    intro:
      '`telemetry: { ... }`, or `telemetry: false` to emit nothing. [Metrics, spans and alerts](telemetry.md) has the names.',
  },
  {
    name: 'CallOptions',
    path: 'src/options/call-options.ts',
    intro: 'Of the calls inside `withCall({ ... }, () => ...)`.',
  },
  {
    name: 'BatchOptions',
    path: 'src/batch/options.ts',
    intro: 'Of `batch(items, worker, { ... })` in `tidegate/batch`. [Batches](batch.md) shows them at work.',
  },
  { name: 'JournalOptions', path: 'src/batch/options.ts', intro: '`batch(items, worker, { journal: { ... } })`.' },
  {
    name: 'RecordHitsOptions',
    path: 'src/hits/record-hits.ts',
    intro: 'Of `recordHits({ ... })`. [Hit log](hits.md) describes the file.',
  },
  {
    name: 'ServeConsoleOptions',
    path: 'src/console/options.ts',
    intro: 'Of `guard.serveConsole({ ... })`. [Console](console.md) shows the page.',
  },
  {
    name: 'RedisStoreOptions',
    path: 'src/redis.ts',
    intro:
      'Of `redisStore(client, { ... })` in `tidegate/redis`. [Shared limits](shared-limits.md) says what is divided.',
  },
  {
    name: 'StartTelemetryOptions',
    path: 'src/telemetry.ts',
    intro: 'Of `startTelemetry({ ... })` in `tidegate/telemetry`.',
  },
  {
    name: 'SimulatorOptions',
    path: 'src/simulator/options.ts',
    intro:
      'Of `startSimulator({ ... })` in `tidegate/testing`, beside `limits`, `modelLimits` and `preset`. [Testing](testing.md) has examples.',
  },
];

/** `docs/options.md`, from the declarations in the source. */
export async function optionsPage(): Promise<string> {
  const parts = await Promise.all(
    SECTIONS.map(async ({ name, path, intro }) => {
      const options = await readOptions(path, name);
      const rows = options.map(({ name: option, type, required, text }) => [
        `\`${option}\`${required ? ' (required)' : ''}`,
        `\`${type}\``,
        text,
      ]);
      return `## ${name}\n\n${intro}\n\n${markdownTable([['option', 'type', 'what it does'], ...rows])}`;
    }),
  );
  return `${[HEAD, ...parts, ENVIRONMENT].join('\n\n')}\n`;
}

const HEAD = `# Options

Made by \`npm run docs:build\` from the declarations in the source, not by hand.

Every option is optional unless it says so. Times are in milliseconds where the name ends in \`Ms\`. A value that is out of range, or a
key that does not exist, throws a \`TidegateOptionError\` at once that says what was expected and what it got.`;

const ENVIRONMENT = `## Environment variables

${markdownTable([
  ['variable', 'read by', 'what it does'],
  [
    '`TIDEGATE_HITS`',
    '`tidegate/register`',
    'Path of a hit log, as `recordHits({ path })`; `%p` becomes the process id.',
  ],
  [
    '`TIDEGATE_CONSOLE_TOKEN`',
    '`tidegate console`',
    'What a browser has to give where `--host` is not a loopback address.',
  ],
  [
    '`TIDEGATE_REDIS_URL`',
    '`tidegate/register`, `tidegate batch --fleet`',
    'Shares limits through this Redis, as `redisStore()` does; the queue of `--fleet` is there too.',
  ],
  [
    '`OTEL_METRICS_EXPORTER`',
    '`startTelemetry`',
    '`prometheus`, `otlp` or both, where the option `metrics` is left out.',
  ],
  [
    '`OTEL_EXPORTER_OTLP_*`, `OTEL_METRIC_EXPORT_INTERVAL`',
    '`startTelemetry`',
    'The standard variables of OpenTelemetry: where and how often metrics and spans are sent.',
  ],
  ['`OTEL_SERVICE_NAME`, `OTEL_RESOURCE_ATTRIBUTES`', '`startTelemetry`', 'Name and attributes of the service.'],
  [
    '`OTEL_SEMCONV_STABILITY_OPT_IN`',
    'every guard',
    'Which GenAI conventions to follow, where `telemetry.semconv` is left out.',
  ],
])}`;
