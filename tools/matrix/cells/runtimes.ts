import type { Cell, Folder } from '../cell.ts';
import { controlOf } from '../control.ts';
import { clients, loads, program, type Way } from '../program.ts';
import { packages, sdkPackages, version } from '../versions.ts';

const SECTION = 'Other runtimes';
const FOLDER: Folder = {
  name: 'runtimes',
  packages: { ...sdkPackages, ...packages('bun', 'deno', 'workerd', 'esbuild') },
  scripts: ['bun', 'deno', 'workerd'],
};

/** Its loader has hooks for `require` only. */
const REFUSED = {
  expect: /needs Node\.js 22\.15 or later and this is Deno/,
  note: '`tidegate/register` is made of hooks of the module loader; Deno ends with a sentence that says that it has none for ES modules. Use a drop-in, `wrap` or the guarded `fetch`.',
} as const;

const IN_CODE = ['drop-in', 'wrap', 'fetch'] as const;

const bun = (id: string, way: Way, file: string, args: readonly string[] = []): Cell => ({
  id: `bun, ${id}`,
  place: [SECTION, `Bun ${version('bun')}`, way === 'bare' ? 'register' : 'drop-in, wrap and fetch'],
  folder: FOLDER,
  files: { [file]: program(file.endsWith('.ts') ? 'ts' : file.endsWith('.cjs') ? 'cjs' : 'esm', way) },
  steps: [{ argv: ['bun', ...args, file] }],
  expect: 'guarded',
});

const deno = (id: string, way: Way, file: string, args: readonly string[] = []): Cell => ({
  ...bun(id, way, file),
  id: `deno, ${id}`,
  place: [SECTION, `Deno ${version('deno')}`, way === 'bare' ? 'register' : 'drop-in, wrap and fetch'],
  steps: [{ argv: ['deno', 'run', '--allow-all', '--node-modules-dir=manual', ...args, file] }],
});

/** A worker has no main program: its test handler runs once, and its log is the output. */
const WORKER = (way: Way): string => `
${loads('esm', way)}
export default {
  async test() {
${clients('esm', way)}
    await matrix.run(clients);
  },
};
`;

const WORKERD_CONFIG = `
using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "main", worker = (
      modules = [(name = "worker.mjs", esModule = embed "out.mjs")],
      compatibilityDate = "2026-11-01",
      compatibilityFlags = ["nodejs_compat"],
      bindings = [
        (name = "MATRIX_OPENAI_URL", fromEnvironment = "MATRIX_OPENAI_URL"),
        (name = "MATRIX_ANTHROPIC_URL", fromEnvironment = "MATRIX_ANTHROPIC_URL"),
        (name = "MATRIX_GROQ_URL", fromEnvironment = "MATRIX_GROQ_URL"),
        (name = "MATRIX_MODEL", fromEnvironment = "MATRIX_MODEL"),
      ],
    )),
    (name = "internet", network = (allow = ["private", "public"])),
  ],
);
`;

const workerd = (id: string, way: Way): Cell => ({
  id: `workerd, ${id}`,
  place: [SECTION, `workerd ${version('workerd')}, nodejs_compat`, 'drop-in, wrap and fetch'],
  folder: FOLDER,
  files: { 'worker.mjs': WORKER(way), 'config.capnp': WORKERD_CONFIG },
  steps: [
    {
      argv: [
        'esbuild',
        'worker.mjs',
        '--bundle',
        '--format=esm',
        '--platform=node',
        '--conditions=workerd,worker',
        '--outfile=out.mjs',
      ],
    },
    { argv: ['workerd', 'test', 'config.capnp'] },
  ],
  expect: 'guarded',
});

export const runtimeCells: readonly Cell[] = [
  controlOf(bun('no guard', 'bare', 'app.mjs')),
  ...IN_CODE.map((way) => bun(`ES module, ${way}`, way, 'app.mjs')),
  ...IN_CODE.map((way) => bun(`CommonJS, ${way}`, way, 'app.cjs')),
  bun('TypeScript, drop-in', 'drop-in', 'app.ts'),
  bun('ES module, register', 'bare', 'app.mjs', ['--preload', 'tidegate/register']),
  bun('CommonJS, register', 'bare', 'app.cjs', ['--preload', 'tidegate/register']),
  controlOf(deno('no guard', 'bare', 'app.mjs')),
  ...IN_CODE.map((way) => deno(`ES module, ${way}`, way, 'app.mjs')),
  ...IN_CODE.map((way) => deno(`CommonJS, ${way}`, way, 'app.cjs')),
  deno('TypeScript, drop-in', 'drop-in', 'app.ts'),
  { ...deno('ES module, register', 'bare', 'app.mjs', ['--import', 'npm:tidegate/register']), ...REFUSED },
  controlOf(workerd('no guard', 'bare')),
  ...IN_CODE.map((way) => workerd(way, way)),
];
