import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseAst } from 'rolldown/parseAst';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type App, pack, type Packed } from '../package/packed.ts';
import { pages, ROOT, type Snippet, snippetsOf } from './pages.ts';

/** Modules that programs of the documentation import, besides tidegate. */
const PACKAGES = [
  '@ai-sdk/anthropic',
  '@ai-sdk/openai',
  '@anthropic-ai/bedrock-sdk',
  '@anthropic-ai/sdk',
  '@anthropic-ai/vertex-sdk',
  '@langchain/anthropic',
  '@langchain/openai',
  '@openai/agents-core',
  '@openai/agents-openai',
  '@opentelemetry/api',
  '@opentelemetry/exporter-metrics-otlp-proto',
  '@opentelemetry/exporter-prometheus',
  '@opentelemetry/sdk-metrics',
  '@opentelemetry/sdk-node',
  '@pydantic/genai-prices',
  '@types/node',
  'ai',
  'groq-sdk',
  'ioredis',
  'openai',
  'p-limit',
  'undici-types',
  'vitest',
] as const;

/** Sets state of the process: such a program runs alone. */
const ALONE = /\b(?:startTelemetry|configure|recordHits|serveConsole|NodeSDK)\(/;

const snippets = pages().flatMap(snippetsOf);
const fileOf = (snippet: Snippet): string => `${snippet.place.replaceAll(/[^\w]+/g, '-')}.ts`;

let packed: Packed;
let app: App;

beforeAll(async () => {
  packed = await pack();
  app = await packed.app('docs', PACKAGES);
  for (const snippet of snippets) {
    const text = [snippet.given, snippet.code, 'export {};\n'].join('\n');
    // A free port, in case the default one is taken.
    await app.write(
      fileOf(snippet),
      text
        .replaceAll('serveConsole()', 'serveConsole({ port: 0 })')
        .replaceAll(/startTelemetry\((?:\{ (?!metrics: 'otlp'))?(?=[)\w])/g, (call) =>
          call.endsWith('{ ') ? `${call}port: 0, ` : `${call}{ port: 0 }`,
        ),
    );
  }
  await app.write('run-snippets.mjs', await readFile(join(ROOT, 'test/docs/run-snippets.mjs'), 'utf8'));
});
afterAll(() => packed?.remove());

interface Outcome {
  readonly file: string;
  readonly printed: readonly string[];
  readonly failure?: string;
  readonly requests: number;
}

/** Runs programs in one process. @returns failures, by place */
async function faultsOf(some: readonly Snippet[]): Promise<string[]> {
  const lines = (await app.node('run-snippets.mjs', ...some.map(fileOf))).split('\n');
  const outcomes = lines.map((line) => JSON.parse(line) as Outcome);
  if (outcomes.length !== some.length) throw new Error(`${outcomes.length} of ${some.length} programs ended.`);
  return outcomes.flatMap(({ failure, printed }, at) => {
    // A page whose program causes a warning is wrong.
    const warnings = printed.filter((line) => line.startsWith('warning: '));
    return [...(failure === undefined ? [] : [failure]), ...warnings].map((fault) => `${some[at]!.place}: ${fault}`);
  });
}

describe('programs of the documentation', () => {
  it('compile against the packed package', async () => {
    expect(snippets.length).toBeGreaterThan(20);
    const compilerOptions = {
      module: 'nodenext',
      target: 'es2023',
      lib: ['es2023', 'dom', 'dom.iterable', 'dom.asynciterable', 'esnext.disposable'],
      strict: true,
      noEmit: true,
      types: ['node'],
      skipLibCheck: true,
    };
    await app.write('tsconfig.json', JSON.stringify({ compilerOptions, files: snippets.map(fileOf) }));
    expect(await app.run(join(ROOT, 'node_modules/.bin/tsc'), '-p', '.')).toBe('');
  });

  it('of the first page are JavaScript, as the page says', () => {
    for (const { place, code } of snippetsOf('docs/getting-started.md'))
      expect(() => parseAst(code), place).not.toThrow();
  });

  const runnable = snippets.filter(({ notRun }) => notRun === undefined);

  it('run against simulators', async () => {
    expect(await faultsOf(runnable.filter(({ code }) => !ALONE.test(code)))).toEqual([]);
  });

  it.for(runnable.filter(({ code }) => ALONE.test(code)).map((snippet) => [snippet.place, snippet] as const))(
    'run on their own: %s',
    async ([, snippet]) => expect(await faultsOf([snippet])).toEqual([]),
  );
});
