import type { Cell, Folder } from '../cell.ts';
import { controlOf } from '../control.ts';
import { program } from '../program.ts';
import { packages, sdkPackages, version } from '../versions.ts';
import { INFERENCE, INFERENCE_APP, SENTRY } from './tracer-programs.ts';

const SECTION = 'Tracers';

interface Tracer {
  readonly name: string;
  readonly version: string;
  readonly folder: Folder;
  /** Starts it when imported or required before the application. */
  readonly imported: string;
  readonly required: string;
  readonly files?: Readonly<Record<string, string>>;
  readonly env?: Readonly<Record<string, string>>;
  /** Spans of tidegate among those it exports. */
  readonly says?: RegExp;
}

const folder = (name: string, ...names: readonly string[]): Folder => ({
  name,
  packages: { ...sdkPackages, ...packages(...names) },
});

const TRACERS: readonly Tracer[] = [
  {
    name: 'dd-trace',
    version: version('dd-trace'),
    folder: folder('dd-trace', 'dd-trace'),
    imported: 'dd-trace/initialize.mjs',
    required: 'dd-trace/init',
    env: {
      DD_INSTRUMENTATION_TELEMETRY_ENABLED: 'false',
      DD_REMOTE_CONFIGURATION_ENABLED: 'false',
      DD_TRACE_LOG_LEVEL: 'error',
    },
  },
  {
    name: '@opentelemetry/auto-instrumentations-node',
    version: version('@opentelemetry/auto-instrumentations-node'),
    folder: folder('opentelemetry', '@opentelemetry/auto-instrumentations-node', '@opentelemetry/api'),
    imported: '@opentelemetry/auto-instrumentations-node/register',
    required: '@opentelemetry/auto-instrumentations-node/register',
    env: { OTEL_TRACES_EXPORTER: 'console', OTEL_METRICS_EXPORTER: 'none', OTEL_LOGS_EXPORTER: 'none' },
    says: /tidegate\.attempt/,
  },
  ...[version('@sentry/node'), '10.78.0'].map((sentry) => ({
    name: '@sentry/node',
    version: sentry,
    folder: { name: `sentry-${sentry}`, packages: { ...sdkPackages, '@sentry/node': sentry } },
    imported: './sentry.mjs',
    required: './sentry.cjs',
    files: { 'sentry.mjs': SENTRY('import'), 'sentry.cjs': SENTRY('require') },
    says: /@span tidegate\.attempt/,
  })),
];

const REGISTER = 'tidegate/register';

/** A tracer and a guard both change what an application loads; their order must not matter. */
function cells(tracer: Tracer): Cell[] {
  const { name, files, env, says, imported, required } = tracer;
  const cell = (id: string, column: string, way: 'bare' | 'drop-in', args: readonly string[]): Cell => {
    const modules = column === 'ES module' ? 'esm' : 'cjs';
    const file = modules === 'esm' ? 'app.mjs' : 'app.cjs';
    return {
      id: `${name} ${tracer.version}, ${column}, ${id}`,
      place: [SECTION, `${name} ${tracer.version}`, column],
      folder: tracer.folder,
      files: { ...files, [file]: program(modules, way) },
      steps: [{ argv: ['node', ...args, file], ...(env ? { env } : {}) }],
      expect: 'guarded',
      ...(says ? { says } : {}),
    };
  };
  return [
    controlOf(cell('no guard', 'ES module', 'bare', ['--import', imported])),
    ...(['ES module', 'CommonJS'] as const).flatMap((column) => [
      cell('before register', column, 'bare', ['--import', imported, '--import', REGISTER]),
      cell('after register', column, 'bare', ['--import', REGISTER, '--import', imported]),
      cell('required before register', column, 'bare', ['--require', required, '--require', REGISTER]),
      cell('required after register', column, 'bare', ['--require', REGISTER, '--require', required]),
      cell('with the drop-in', column, 'drop-in', ['--import', imported]),
    ]),
  ];
}

/** An instrumentation of the SDK itself, which has to see calls made through tidegate. */
const INFERENCE_FOLDER: Folder = folder(
  'openinference',
  '@arizeai/openinference-instrumentation-openai',
  '@opentelemetry/instrumentation',
  '@opentelemetry/sdk-node',
  '@opentelemetry/sdk-trace',
  '@opentelemetry/api',
);

const inference: readonly Cell[] = (['drop-in', 'wrap', 'bare'] as const).map((way) => ({
  id: `openinference-instrumentation-openai, CommonJS, ${way === 'bare' ? 'register' : way}`,
  place: [
    SECTION,
    `@arizeai/openinference-instrumentation-openai ${version('@arizeai/openinference-instrumentation-openai')}`,
    'CommonJS',
  ],
  folder: INFERENCE_FOLDER,
  files: { 'tracer.cjs': INFERENCE, 'app.cjs': INFERENCE_APP(way) },
  steps: [{ argv: ['node', ...(way === 'bare' ? ['--import', REGISTER] : []), 'app.cjs'] }],
  expect: 'guarded',
}));

export const tracerCells: readonly Cell[] = [...TRACERS.flatMap(cells), ...inference];
