import type { Cell, Folder } from '../cell.ts';
import { controlOf } from '../control.ts';
import { type Modules, program, type Way } from '../program.ts';
import { packages, sdkPackages, version } from '../versions.ts';
import { PAST } from '../judge.ts';
import { ROLLUP, VITE, WEBPACK } from './bundler-configs.ts';

const SECTION = 'Bundlers';
const FOLDER: Folder = {
  name: 'bundlers',
  packages: {
    ...sdkPackages,
    ...packages('esbuild', 'rollup', 'webpack', 'webpack-cli', 'vite', 'tsup', 'tsdown', '@vercel/ncc'),
    ...packages('@rollup/plugin-node-resolve', '@rollup/plugin-commonjs', '@rollup/plugin-json'),
    // The newest version that both tsup and tsdown support.
    typescript: '5.9.3',
  },
};

interface Bundling {
  readonly bundler: string;
  readonly source: Modules;
  readonly output: 'ES module' | 'CommonJS';
  /** Whether packages become part of the bundle. */
  readonly inlined: boolean;
  readonly argv: readonly string[];
  readonly bundle: string;
  readonly config?: Readonly<Record<string, string>>;
}

const esbuild = (format: 'esm' | 'cjs', inlined: boolean, source: Modules = 'esm'): Bundling => ({
  bundler: 'esbuild',
  source,
  output: format === 'esm' ? 'ES module' : 'CommonJS',
  inlined,
  argv: [
    'esbuild',
    source === 'cjs' ? 'app.cjs' : 'app.mjs',
    '--bundle',
    '--platform=node',
    `--format=${format}`,
    ...(inlined ? [] : ['--packages=external']),
    `--outfile=out.${format === 'esm' ? 'mjs' : 'cjs'}`,
  ],
  bundle: format === 'esm' ? 'out.mjs' : 'out.cjs',
});

const rollup = (format: 'esm' | 'cjs', inlined: boolean): Bundling => ({
  ...esbuild(format, inlined),
  bundler: 'rollup',
  argv: ['rollup', '--config', 'rollup.config.mjs'],
  config: { 'rollup.config.mjs': ROLLUP(format, inlined) },
});

const webpack = (format: 'esm' | 'cjs', inlined: boolean): Bundling => ({
  ...esbuild(format, inlined),
  bundler: 'webpack',
  argv: ['webpack', '--config', 'webpack.config.cjs'],
  config: { 'webpack.config.cjs': WEBPACK(format, inlined) },
});

const vite = (inlined: boolean): Bundling => ({
  ...esbuild('esm', inlined),
  bundler: 'vite',
  argv: ['vite', 'build', '--ssr', 'app.mjs'],
  config: { 'vite.config.mjs': VITE(inlined) },
});

/** Bundlers for libraries keep the dependencies of `package.json` external. */
const library = (bundler: 'tsup' | 'tsdown', format: 'esm' | 'cjs'): Bundling => ({
  ...esbuild(format, false),
  bundler,
  argv: [bundler, 'app.mjs', '--format', format, '--out-dir', 'out'],
  bundle: `out/app.${{ esm: bundler === 'tsup' ? 'js' : 'mjs', cjs: 'cjs' }[format]}`,
});

const ncc = (source: 'esm' | 'cjs'): Bundling => ({
  ...esbuild(source, true, source),
  bundler: '@vercel/ncc',
  argv: ['ncc', 'build', source === 'esm' ? 'app.mjs' : 'app.cjs', '--out', 'out'],
  bundle: source === 'esm' ? 'out/index.mjs' : 'out/index.cjs',
});

const BUNDLINGS: readonly Bundling[] = [
  ...[true, false].flatMap((inlined) => [
    esbuild('esm', inlined),
    esbuild('cjs', inlined),
    esbuild('cjs', inlined, 'cjs'),
  ]),
  ...[true, false].flatMap((inlined) => [rollup('esm', inlined), rollup('cjs', inlined)]),
  ...[true, false].flatMap((inlined) => [webpack('esm', inlined), webpack('cjs', inlined)]),
  vite(true),
  vite(false),
  library('tsup', 'esm'),
  library('tsup', 'cjs'),
  library('tsdown', 'esm'),
  library('tsdown', 'cjs'),
  ncc('esm'),
  ncc('cjs'),
];

const WAYS: readonly { readonly name: string; readonly way: Way; readonly args: readonly string[] }[] = [
  { name: 'drop-in', way: 'drop-in', args: [] },
  { name: 'wrap', way: 'wrap', args: [] },
  { name: 'register', way: 'bare', args: ['--import', 'tidegate/register'] },
];

/** Packages inside a bundle are not loaded at run time, so they cannot be patched. */
const INLINED_NOTE =
  'Register does not reach an SDK that is part of a bundle: it warns of the first request that goes past it. Use a drop-in or wrap, or leave the packages external.';

function cell(bundling: Bundling, { name, way, args }: (typeof WAYS)[number]): Cell {
  const { bundler, source, output, inlined, argv, bundle, config } = bundling;
  const unreachable = inlined && way === 'bare';
  return {
    id: `${bundler}, ${source} to ${output}, packages ${inlined ? 'inlined' : 'external'}, ${name}`,
    place: [SECTION, `${bundler} ${version(bundler)}`, `${output}, packages ${inlined ? 'inlined' : 'external'}`],
    folder: FOLDER,
    files: {
      [source === 'cjs' ? 'app.cjs' : 'app.mjs']: program(source, way),
      'package.json': JSON.stringify({ name: 'app', type: 'module', dependencies: { tidegate: '*', ...sdkPackages } }),
      ...config,
    },
    steps: [{ argv }, { argv: ['node', ...args, bundle] }],
    expect: unreachable ? 'loses' : 'guarded',
    seconds: 240,
    ...(unreachable ? { note: INLINED_NOTE, says: PAST } : {}),
  };
}

const control = controlOf(cell(esbuild('esm', true), { name: 'no guard', way: 'bare', args: [] }));

export const bundlerCells: readonly Cell[] = [
  control,
  ...BUNDLINGS.flatMap((each) => WAYS.map((way) => cell(each, way))),
];
