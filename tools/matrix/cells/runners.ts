import type { Cell, Folder } from '../cell.ts';
import { controlOf } from '../control.ts';
import { packages, sdkPackages, version } from '../versions.ts';
import { PAST } from '../judge.ts';
import { guardedTest, MOCK, mockedTest, type Runner } from './runner-tests.ts';

const SECTION = 'Test runners';
const FOLDER: Folder = {
  name: 'runners',
  packages: {
    ...sdkPackages,
    ...packages('jest', 'ts-jest', 'vitest', 'mocha', '@types/node'),
    // The newest version that ts-jest supports.
    typescript: '5.9.3',
  },
};

const JEST_NOTE =
  'Jest reads modules itself, past the hooks of `tidegate/register`, which warns of the first request that it did not see: what it tests is guarded by a drop-in or `wrap`.';

const JEST_MODULES = { NODE_OPTIONS: '--experimental-vm-modules' };
const TS_JEST = {
  preset: 'ts-jest',
  testEnvironment: 'node',
  transform: { '\\.ts$': ['ts-jest', { diagnostics: false, tsconfig: { module: 'node16', esModuleInterop: true } }] },
};

const RUNNERS: readonly Runner[] = [
  {
    name: 'jest',
    column: 'CommonJS',
    test: 'app.test.js',
    modules: 'cjs',
    mock: "jest.mock('openai', FACTORY);",
    mocked: MOCK.esModule('jest.fn()'),
    step: { argv: ['jest'] },
    files: { 'package.json': '{}' },
  },
  {
    name: 'jest',
    column: 'ES modules',
    test: 'app.test.js',
    modules: 'esm',
    mock: "jest.unstable_mockModule('openai', FACTORY);",
    mocked: MOCK.plain('jest.fn()'),
    step: { argv: ['jest'], env: JEST_MODULES },
    files: { 'package.json': '{"type":"module"}' },
    globals: "import { expect, jest, test } from '@jest/globals';",
  },
  {
    name: 'ts-jest',
    column: 'CommonJS',
    test: 'app.test.ts',
    modules: 'ts',
    mock: "jest.mock('openai', FACTORY);",
    mocked: MOCK.esModule('jest.fn()'),
    step: { argv: ['jest'] },
    files: { 'package.json': JSON.stringify({ jest: TS_JEST }) },
    globals: "import { expect, jest, test } from '@jest/globals';",
  },
  {
    name: 'vitest',
    column: 'ES modules',
    test: 'app.test.js',
    modules: 'esm',
    mock: "vi.mock('openai', FACTORY);",
    mocked: MOCK.plain('vi.fn()'),
    step: { argv: ['vitest', 'run'] },
    files: { 'package.json': '{"type":"module"}' },
    mockFiles: {
      // Packages outside the runner's own loader are not mocked: this is the documented recipe.
      'vitest.config.js': "export default { test: { server: { deps: { inline: ['tidegate'] } } } };",
    },
    globals: "import { expect, test, vi } from 'vitest';",
  },
  {
    name: 'mocha',
    column: 'CommonJS',
    test: 'app.test.cjs',
    modules: 'cjs',
    step: { argv: ['mocha', '--timeout', '20000', 'app.test.cjs'] },
    files: { 'package.json': '{"type":"module"}' },
    globals:
      "const test = it; const expect = (seen) => ({ toBe: (wanted) => require('node:assert').equal(seen, wanted) });",
  },
  {
    name: 'mocha',
    column: 'ES modules',
    test: 'app.test.mjs',
    modules: 'esm',
    step: { argv: ['mocha', '--timeout', '20000', 'app.test.mjs'] },
    files: { 'package.json': '{"type":"module"}' },
    globals:
      "import assert from 'node:assert'; const test = it; const expect = (seen) => ({ toBe: (wanted) => assert.equal(seen, wanted) });",
  },
];

function cell(runner: Runner, what: string, text: string, expect: 'guarded' | 'passes'): Cell {
  const { name, column, test, step, files, mockFiles } = runner;
  return {
    id: `${name}, ${column}, ${what}`,
    place: [SECTION, `${name} ${version(name)}`, column],
    folder: FOLDER,
    files: { ...files, ...(expect === 'passes' ? mockFiles : {}), [test]: text },
    steps: [step],
    expect,
  };
}

/** The variable reaches a runner's workers too; whether it works depends on what loads the SDK there. */
function registered(runner: Runner): Cell {
  const plain = cell(runner, 'register by NODE_OPTIONS', guardedTest(runner, 'bare'), 'guarded');
  const options = [runner.step.env?.['NODE_OPTIONS'], '--import=tidegate/register'].filter(Boolean).join(' ');
  const steps = [{ ...runner.step, env: { NODE_OPTIONS: options } }];
  return runner.name.includes('jest')
    ? { ...plain, steps, expect: 'loses', note: JEST_NOTE, says: PAST }
    : { ...plain, steps };
}

export const runnerCells: readonly Cell[] = RUNNERS.flatMap((runner) => [
  controlOf(cell(runner, 'no guard', guardedTest(runner, 'bare'), 'guarded')),
  cell(runner, 'drop-in', guardedTest(runner, 'drop-in'), 'guarded'),
  cell(runner, 'wrap', guardedTest(runner, 'wrap'), 'guarded'),
  registered(runner),
  ...(runner.mock === undefined
    ? []
    : [
        cell(runner, 'mocked SDK behind the drop-in', mockedTest(runner, 'drop-in'), 'passes'),
        cell(runner, 'mocked SDK in wrap', mockedTest(runner, 'wrap'), 'passes'),
      ]),
]);
