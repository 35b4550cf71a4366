import type { Cell, Folder, Step } from '../cell.ts';
import { NODE_VERSIONS, OLD_NODE_VERSIONS } from '../node-versions.ts';
import { loads, type Modules, program, type Way } from '../program.ts';
import { sdkPackages, version } from '../versions.ts';

const SECTION = 'Node.js';
const FOLDER: Folder = { name: 'sdks', packages: { ...sdkPackages, tsx: version('tsx') } };

interface Kind {
  readonly name: string;
  readonly file: string;
  readonly modules: Modules;
  /** `type` in the application's `package.json`. */
  readonly type: 'module' | 'commonjs';
  /** Arguments of Node before the application. */
  args(node: string): readonly string[];
}

const KINDS: readonly Kind[] = [
  { name: 'ES module', file: 'app.mjs', modules: 'esm', type: 'module', args: () => [] },
  { name: 'CommonJS', file: 'app.cjs', modules: 'cjs', type: 'commonjs', args: () => [] },
  { name: 'TypeScript, natively', file: 'app.ts', modules: 'ts', type: 'module', args: stripsTypes },
  { name: 'TypeScript by tsx', file: 'app.ts', modules: 'ts', type: 'module', args: () => ['--import', 'tsx'] },
  {
    name: 'TypeScript by tsx as CommonJS',
    file: 'app.ts',
    modules: 'ts',
    type: 'commonjs',
    args: () => ['--import', 'tsx'],
  },
];

/** Without a flag since 22.18 and 23.6. */
function stripsTypes(node: string): readonly string[] {
  return /^22\.1[5-7]\./.test(node) ? ['--experimental-strip-types'] : [];
}

/** In code, or by an argument or a variable for a program that knows nothing of it. */
const WAYS: readonly {
  readonly name: string;
  readonly way: Way;
  readonly args?: string[];
  readonly options?: string;
}[] = [
  { name: 'drop-in', way: 'drop-in' },
  { name: 'wrap', way: 'wrap' },
  { name: 'fetch', way: 'fetch' },
  { name: 'register by --import', way: 'bare', args: ['--import', 'tidegate/register'] },
  { name: 'register by --require', way: 'bare', args: ['--require', 'tidegate/register'] },
  { name: 'register by NODE_OPTIONS', way: 'bare', options: '--import=tidegate/register' },
];

function files(kind: Kind, text: string): Record<string, string> {
  return { [kind.file]: text, 'package.json': JSON.stringify({ type: kind.type }) };
}

function step(kind: Kind, node: string, args: readonly string[] = [], options?: string): Step {
  const argv = ['node', ...kind.args(node), ...args, kind.file];
  return options === undefined ? { argv } : { argv, env: { NODE_OPTIONS: options } };
}

const guarded: readonly Cell[] = NODE_VERSIONS.flatMap((node) =>
  KINDS.flatMap((kind) =>
    WAYS.map(({ name, way, args, options }): Cell => ({
      id: `node ${node}, ${kind.name}, ${name}`,
      place: [SECTION, node, kind.name],
      folder: FOLDER,
      node,
      files: files(kind, program(kind.modules, way)),
      steps: [step(kind, node, args, options)],
      expect: 'guarded',
    })),
  ),
);

/** Another loader than the one that started loads the module that creates the clients. */
const libraries: readonly Cell[] = NODE_VERSIONS.flatMap((node) =>
  WAYS.filter(({ way }) => way === 'bare').map(({ name, args = [], options }): Cell => ({
    id: `node ${node}, ES module with a CommonJS library, ${name}`,
    place: [SECTION, node, 'CommonJS'],
    folder: FOLDER,
    node,
    files: {
      'app.mjs': "import './library.cjs';\n",
      'library.cjs': program('cjs', 'bare'),
    },
    steps: [
      { argv: ['node', ...args, 'app.mjs'], ...(options === undefined ? {} : { env: { NODE_OPTIONS: options } }) },
    ],
    expect: 'guarded',
  })),
);

/** A tracer's module, or a forgotten import, was loaded first. */
const late: readonly Cell[] = NODE_VERSIONS.flatMap((node) =>
  (['ES module', 'CommonJS'] as const).map((name): Cell => {
    const [modules, flag, extension] =
      name === 'ES module' ? (['esm', '--import', 'mjs'] as const) : (['cjs', '--require', 'cjs'] as const);
    return {
      id: `node ${node}, ${name}, SDKs loaded before register`,
      place: [SECTION, node, name],
      folder: FOLDER,
      node,
      files: { [`early.${extension}`]: loads(modules, 'bare'), [`app.${extension}`]: program(modules, 'bare') },
      steps: [{ argv: ['node', flag, `./early.${extension}`, flag, 'tidegate/register', `app.${extension}`] }],
      expect: 'guarded',
    };
  }),
);

const controls: readonly Cell[] = KINDS.map((kind) => ({
  id: `control: node ${NODE_VERSIONS[0]}, ${kind.name}, no guard`,
  folder: FOLDER,
  node: NODE_VERSIONS[0],
  files: files(kind, program(kind.modules, 'bare')),
  steps: [step(kind, NODE_VERSIONS[0])],
  expect: 'loses',
}));

const old: readonly Cell[] = OLD_NODE_VERSIONS.flatMap((node) =>
  WAYS.filter(({ way }) => way === 'bare').map(({ name, args, options }): Cell => ({
    id: `node ${node}, too old, ${name}`,
    place: [SECTION, node, 'CommonJS'],
    folder: FOLDER,
    node,
    files: files(KINDS[1]!, program('cjs', 'bare')),
    steps: [step(KINDS[1]!, node, args, options)],
    expect: /tidegate.*needs Node\.js 22\.15/i,
    note: 'tidegate needs Node.js 22.15 or later; an older one ends with a sentence that says so.',
  })),
);

export const nodeCells: readonly Cell[] = [...controls, ...guarded, ...libraries, ...late, ...old];
