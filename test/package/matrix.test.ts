import { readFile, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { delimiter, dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Cell } from '../../tools/matrix/cell.ts';
import { CELLS } from '../../tools/matrix/cells.ts';
import { bundlerCells } from '../../tools/matrix/cells/bundlers.ts';
import { nodeCells } from '../../tools/matrix/cells/node.ts';
import { typeCells } from '../../tools/matrix/cells/types.ts';
import { documentOf, shortFormOf } from '../../tools/matrix/document.ts';
import { runSteps, writeCell, writeProgram } from '../../tools/matrix/run-steps.ts';
import { type Simulators, startSimulators } from '../../tools/matrix/simulators.ts';
import { type App, pack, type Packed, ROOT, UNTOUCHED } from './packed.ts';

const { version: TYPESCRIPT } = createRequire(import.meta.url)('typescript/package.json') as { version: string };

/** The cells of `npm run test:matrix` that need no installation: development's packages and Node. */
const ON_NODE: readonly Cell[] = nodeCells
  .filter(({ id, node }) => id.startsWith('control') || node === process.versions.node)
  .filter(({ id }) => !id.includes('tsx'));
/** A bundler of each kind, with packages bundled and external. */
const BUNDLED: readonly Cell[] = bundlerCells.filter(({ id }) =>
  [
    /^esbuild, esm to (?:ES module|CommonJS), packages inlined, drop-in$/,
    /^rollup, esm to ES module, packages inlined, wrap$/,
    // The main entry by `require`, with optional peers that are not installed.
    /^esbuild, cjs to CommonJS, packages inlined, wrap$/,
    /^esbuild, cjs to CommonJS, packages external, register$/,
  ].some((pattern) => pattern.test(id)),
);
/** Development's compiler. Another one would take its place in `node_modules/.bin`. */
const COMPILED: readonly Cell[] = typeCells.filter(({ id }) =>
  ['node16', 'bundler'].some((mode) => id === `typescript ${TYPESCRIPT}, ${mode}`),
);
const QUICK: readonly Cell[] = [...ON_NODE, ...BUNDLED, ...COMPILED];

const PACKAGES = [
  'openai',
  '@anthropic-ai/sdk',
  'groq-sdk',
  '@rollup/plugin-commonjs',
  '@rollup/plugin-json',
  '@rollup/plugin-node-resolve',
  '@types/node',
  'undici-types',
  '@opentelemetry/api',
];

let packed: Packed;
let app: App;
let simulators: Simulators;

beforeAll(async () => {
  packed = await pack();
  app = await packed.app('matrix', PACKAGES);
  // By the name used in the cells.
  await symlink(join(ROOT, 'node_modules/typescript'), join(app.directory, `node_modules/typescript-${TYPESCRIPT}`));
  await writeProgram(app.directory, 'simulators.mjs');
  simulators = await startSimulators(app.directory);
});
afterAll(async () => {
  simulators?.stop();
  await packed?.remove();
});

describe.concurrent('a program that installed the package', () => {
  it.for(QUICK.map((cell, at) => [cell.id, cell, at] as const))('%s', async ([, cell, at], { expect }) => {
    const directory = join(app.directory, `cell-${at}`);
    await writeCell(directory, cell);
    const path = [dirname(process.execPath), join(ROOT, 'node_modules/.bin'), process.env.PATH].join(delimiter);
    const env = { ...process.env, ...UNTOUCHED, PATH: path, MATRIX_MODEL: `cell-${at}` };
    expect(await runSteps(cell, directory, { ...env, ...simulators.environmentOf(cell) })).toBe('');
  });

  it('is tried for every way of guarding and every kind of module', () => {
    expect(ON_NODE.filter(({ expect }) => expect === 'guarded')).toHaveLength(3 * 6 + 3 + 2);
    expect(ON_NODE.filter(({ expect }) => expect === 'loses')).toHaveLength(3);
    expect(BUNDLED.filter(({ expect }) => expect === 'guarded')).toHaveLength(5);
    expect(COMPILED.filter(({ expect }) => expect === 'passes')).toHaveLength(2);
  });
});

describe('the supported versions', () => {
  it('are documented as the matrix tries them', async () => {
    expect(await readFile(join(ROOT, 'docs/supported-versions.md'), 'utf8')).toBe(documentOf(CELLS));
    expect(await readFile(join(ROOT, 'README.md'), 'utf8')).toContain(shortFormOf(CELLS));
  });

  it('have a row in a table, or are a control', () => {
    for (const { id, place } of CELLS) expect(place === undefined, id).toBe(id.startsWith('control: '));
    expect(new Set(CELLS.map(({ id }) => id)).size).toBe(CELLS.length);
  });
});
