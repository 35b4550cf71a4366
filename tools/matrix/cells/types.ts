import type { Cell, Folder } from '../cell.ts';
import { controlOf } from '../control.ts';
import { packages, sdkPackages } from '../versions.ts';

const SECTION = 'TypeScript';
const LINES = [
  '5.0.4',
  '5.1.6',
  '5.2.2',
  '5.3.3',
  '5.4.5',
  '5.5.4',
  '5.6.3',
  '5.7.3',
  '5.8.3',
  '5.9.3',
  '6.0.3',
  '7.0.2',
] as const;
const alias = (version: string): string => `typescript-${version}`;

const FOLDER: Folder = {
  name: 'types',
  packages: {
    ...sdkPackages,
    ...packages('@types/node'),
    ...Object.fromEntries(LINES.map((version) => [alias(version), `npm:typescript@${version}`])),
  },
};

/** Uses every entry, and checks relations between types of the SDK. */
const USER = `
import OpenAI, { APIError, toFile } from 'tidegate/openai';
import Anthropic from 'tidegate/anthropic';
import Groq from 'tidegate/groq';
import StockOpenAI from 'openai';
import StockAnthropic from '@anthropic-ai/sdk';
import StockGroq from 'groq-sdk';
import { createGuardedFetch, guardedFetch } from 'tidegate/fetch';
import { startTelemetry } from 'tidegate/telemetry';
import { startSimulator, type Simulator } from 'tidegate/testing';
import { classifyError, createGuard, wrap, type GuardOptions } from 'tidegate';
import 'tidegate/register';

const options: GuardOptions = { retry: { maxAttempts: 8 }, telemetry: false };
const client = new OpenAI({ apiKey: 'k', tidegate: options });
const stock: StockOpenAI = client;
const back: OpenAI = wrap(new StockOpenAI({ apiKey: 'k' }));
const claude: StockAnthropic = new Anthropic({ tidegate: options });
const groq: StockGroq = new Groq({ tidegate: options });
const message: Anthropic.MessageParam = { role: 'user', content: 'Hello' };
const chat: OpenAI.ChatCompletionMessageParam[] = [{ role: 'user', content: 'Hello' }];
const send: typeof fetch = createGuardedFetch(options);

export async function main(): Promise<Simulator> {
  const guard = createGuard(options);
  const answer = await guard.wrap(back).chat.completions.create({ model: 'm', messages: chat });
  const error: unknown = answer instanceof APIError ? answer : undefined;
  console.log(classifyError(error)?.outcome, guard.snapshot()[0]?.provider, stock, claude, groq, message, send, guardedFetch);
  await toFile(Buffer.from('x'), 'x');
  // @ts-expect-error a number is expected
  new OpenAI({ tidegate: { retry: { maxAttempts: 'many' } } });
  console.log((await startTelemetry({ port: 0 })).url);
  return startSimulator({ provider: 'openai' });
}
`;

/** The same program without tidegate: errors in the SDKs' own declarations are not ours. */
const CONTROL = `
import OpenAI from 'openai';
import Anthropic from '@anthropic-ai/sdk';
import Groq from 'groq-sdk';
export const clients = [new OpenAI(), new Anthropic(), new Groq()];
`;

/** `.mts` and `.cts` together: an ES module and a CommonJS module of one application. */
const MODES = {
  node10: {
    options: { module: 'commonjs', moduleResolution: 'node10' },
    files: ['user.ts'],
    // Deprecated in 6, gone in 7.
    lines: ['5.0.4', '5.2.2', '5.9.3'],
  },
  node16: { options: { module: 'node16' }, files: ['user.mts', 'user.cts'], lines: LINES },
  nodenext: { options: { module: 'nodenext' }, files: ['user.mts', 'user.cts'], lines: LINES },
  bundler: { options: { module: 'esnext', moduleResolution: 'bundler' }, files: ['user.ts'], lines: LINES },
} as const satisfies Readonly<Record<string, { options: object; files: readonly string[]; lines: readonly string[] }>>;

type Mode = keyof typeof MODES;

/** Older versions lack `Disposable`, which the declarations of Node.js use. */
const WITHOUT_DISPOSABLE: readonly string[] = ['5.0.4', '5.1.6'];

function cell(version: string, mode: Mode, text: string): Cell {
  const { options, files } = MODES[mode];
  const old = WITHOUT_DISPOSABLE.includes(version);
  const compilerOptions = {
    ...options,
    target: 'es2022',
    lib: ['es2023', 'dom', 'dom.iterable', old ? 'esnext' : 'esnext.disposable'],
    strict: true,
    noEmit: true,
    esModuleInterop: true,
    skipLibCheck: old,
    types: ['node'],
  };
  return {
    id: `typescript ${version}, ${mode}`,
    place: [SECTION, version, mode],
    folder: FOLDER,
    files: {
      ...Object.fromEntries(files.map((file) => [file, text])),
      'tsconfig.json': JSON.stringify({ compilerOptions, files }),
    },
    steps: [{ argv: ['node', `../node_modules/${alias(version)}/bin/tsc`, '--project', '.'] }],
    expect: 'passes',
    seconds: 180,
    ...(old
      ? {
          note: 'With `skipLibCheck: true`: the declarations of Node.js, `@types/node`, need TypeScript 5.2 themselves.',
        }
      : {}),
  };
}

export const typeCells: readonly Cell[] = LINES.flatMap((version) => {
  const control = cell(version, 'nodenext', CONTROL);
  return [
    controlOf({ ...control, id: `${control.id}, the SDKs alone` }, 'passes'),
    ...(Object.keys(MODES) as Mode[])
      .filter((mode) => (MODES[mode].lines as readonly string[]).includes(version))
      .map((mode) => cell(version, mode, USER)),
  ];
});
